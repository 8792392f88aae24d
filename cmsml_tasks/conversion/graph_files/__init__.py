"""GraphDefs from and to ``.pb`` and ``.pb.txt``.

It knows nothing of Keras, nor of what a graph was made from.
"""
