"""Reading and editing GraphDefs: nodes, calls, function bodies, shapes, sizes.

It knows nothing of weights, files or Keras.
"""
