"""nn.Modules and their catalog, and where their weights come from. Knows no training loop."""
