"""What people look at while a model learns."""
