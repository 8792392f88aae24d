"""From a trained model to a frozen graph with its signature card; needs no workflow."""
