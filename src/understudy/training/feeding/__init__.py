"""What a model is shown: faces cached, chosen, varied."""
