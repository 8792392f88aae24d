"""What only models of Keras 3 and tf-keras need on their way to a traced object."""
