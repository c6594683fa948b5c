"""Lines of PyTorch and Keras: ``lines`` reads them, a file a framework says what they mean."""
