"""From a recipe and its events to a trained model; runs in an interpreter of its own."""
