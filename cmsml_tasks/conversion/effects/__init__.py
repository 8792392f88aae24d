"""What a model file would do or read beside computing, judged before anything of it runs."""
