"""TFLite files -> graphs. On the way: file -> model -> inputs -> shapes -> costs -> reading.

``file`` is the door and alone imports ``tflite``; what it makes are the records of ``model``.
"""
