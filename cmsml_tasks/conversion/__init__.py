"""TensorFlow objects in, frozen graphs with a signature out; usable without any workflow."""
