"""Keras, loaded without TensorFlow's log, which comes whatever log level it is told, and with the threads that a worker may take."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if threads := os.environ.get("OMP_NUM_THREADS"):  # joblib and Dask tell a worker with it what it may take, and TensorFlow has another
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", threads)
_standard_error = os.dup(2)
_nowhere = os.open(os.devnull, os.O_WRONLY)
os.dup2(_nowhere, 2)
try:
    import keras
    import tensorflow as tf
finally:
    os.dup2(_standard_error, 2)
    os.close(_standard_error)
    os.close(_nowhere)
tf.get_logger().setLevel("ERROR")  # else it warns that many models were compiled, which is what a search does

__all__ = ["keras", "tf"]
