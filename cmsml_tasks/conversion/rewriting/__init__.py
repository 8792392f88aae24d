"""What TensorFlow rewrites a graph to before it runs, and graphs in which that changes no number.

It knows GraphDefs and the values of small constants, and nothing of where a graph comes from.
"""
