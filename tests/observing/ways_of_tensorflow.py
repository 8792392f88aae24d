"""Ways of TensorFlow and Keras."""

from ways import Way


def _model():
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="score")])
    model.compile("sgd", "mse")
    return model


class Gfile(Way):
    files = ["text.txt", "lines.txt", "copied.txt"]
    folders = ["listed", "matched"]

    def make(self, folder):
        for name in self.files:
            (folder / name).write_text("a\nb\n")
        for name in self.folders:
            (folder / name).mkdir()

    def read(self, folder):
        import tensorflow as tf

        with tf.io.gfile.GFile(str(folder / "text.txt")) as file:
            file.read()
        list(tf.io.gfile.GFile(folder / "lines.txt"))
        tf.io.gfile.copy(folder / "copied.txt", folder / "copy.txt")
        tf.io.gfile.listdir(folder / "listed")
        tf.io.gfile.glob(f"{folder}/matched/*")
        tf.io.gfile.makedirs(folder / "made")
        tf.io.gfile.rename(folder / "copy.txt", folder / "made" / "moved.txt")
        with tf.io.gfile.GFile(folder / "made.txt", "w") as file:
            file.write("made")
        for name in ("made.txt", "made/moved.txt"):
            with tf.io.gfile.GFile(folder / name) as file:
                file.read()


class ReadFile(Way):
    def read(self, folder):
        import tensorflow as tf

        tf.io.read_file(str(folder / "net.json"))
        tf.io.read_file(filename=tf.constant(str(folder / "net.json")))
        tf.io.write_file(str(folder / "made.txt"), "made")
        tf.io.read_file(str(folder / "made.txt"))


class ReadFileOfAConstantInAGraph(Way):
    def read(self, folder):
        import tensorflow as tf

        @tf.function
        def graph():
            return tf.io.read_file(str(folder / "net.json"))

        graph()


class MatchingFilesInAGraph(Way):
    folders = ["."]

    def read(self, folder):
        import tensorflow as tf

        @tf.function
        def graph():
            names = tf.io.matching_files(f"{folder}/*.json")
            return tf.io.read_file(names[0])

        graph()


class Datasets(Way):
    files = ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt", "rows.tfrecord", "rows.dat"]

    def make(self, folder):
        import tensorflow as tf

        for name in self.files:
            (folder / name).write_text("abcd\n")
        with tf.io.TFRecordWriter(str(folder / "rows.tfrecord")) as writer:
            writer.write(b"row")

    def read(self, folder):
        import tensorflow as tf

        place = str(folder)
        list(tf.data.TextLineDataset(folder / "a.txt"))
        list(tf.data.TextLineDataset([f"{place}/b.txt"]))
        list(tf.data.TextLineDataset(tf.constant([f"{place}/c.txt"])))
        names = tf.data.Dataset.from_tensor_slices([f"{place}/d.txt", f"{place}/e.txt"])
        list(tf.data.TextLineDataset(names.shuffle(2).prefetch(1)))
        list(tf.data.TFRecordDataset(filenames=f"{place}/rows.tfrecord"))
        list(tf.data.FixedLengthRecordDataset(f"{place}/rows.dat", 1))
        with tf.io.TFRecordWriter(f"{place}/made.tfrecord") as writer:
            writer.write(b"row")
        list(tf.data.TFRecordDataset(f"{place}/made.tfrecord"))


class ListedDataset(Way):
    files = ["a.txt", "b.txt"]
    folders = ["."]

    def make(self, folder):
        for name in self.files:
            (folder / name).write_text("abcd\n")

    def read(self, folder):
        import tensorflow as tf

        list(tf.data.Dataset.list_files(f"{folder}/*.txt").map(tf.io.read_file))


class CsvDataset(Way):
    files = ["rows.csv", "made.csv"]

    def make(self, folder):
        for name in self.files:
            (folder / name).write_text("x,y\n1,2\n")

    def read(self, folder):
        import tensorflow as tf

        list(tf.data.experimental.CsvDataset(f"{folder}/rows.csv", [0, 0], header=True))
        list(tf.data.experimental.make_csv_dataset(f"{folder}/made.csv", 1, num_epochs=1))


class SqlDataset(Way):
    files = ["runs.db"]

    def make(self, folder):
        import contextlib
        import sqlite3

        with contextlib.closing(sqlite3.connect(folder / "runs.db")) as database:
            database.execute("create table runs (number)")

    def read(self, folder):
        import tensorflow as tf

        place = f"{folder}/runs.db"
        list(tf.data.experimental.SqlDataset("sqlite", place, "select * from runs", tf.int64))


class SavedDataset(Way):
    files = None  # names of TensorFlow's own

    def make(self, folder):
        import tensorflow as tf

        tf.data.Dataset.range(3).save(str(folder / "saved"))

    def read(self, folder):
        import tensorflow as tf

        list(tf.data.Dataset.load(str(folder / "saved")))


class CachedDataset(Way):
    files = ["rows.index", "rows.data-00000-of-00001"]

    def make(self, folder):
        import tensorflow as tf

        list(tf.data.Dataset.range(3).cache(str(folder / "rows")))

    def read(self, folder):
        import tensorflow as tf

        list(tf.data.Dataset.range(3).cache(str(folder / "rows")))


class Checkpoint(Way):
    files = ["ckpt-1.index", "ckpt-1.data-00000-of-00001"]

    def make(self, folder):
        import tensorflow as tf

        tf.train.Checkpoint(x=tf.Variable(1.0)).write(str(folder / "ckpt-1"))

    def read(self, folder):
        import tensorflow as tf

        checkpoint = tf.train.Checkpoint(x=tf.Variable(0.0))
        checkpoint.read(str(folder / "ckpt-1"))
        assert checkpoint.x.numpy() == 1
        checkpoint.write(str(folder / "made"))
        checkpoint.read(str(folder / "made"))


class LoadedCheckpoint(Checkpoint):
    def read(self, folder):
        import tensorflow as tf

        tf.train.load_checkpoint(str(folder / "ckpt-1")).get_tensor("x/.ATTRIBUTES/VARIABLE_VALUE")


class SavedModel(Way):
    files = None

    def make(self, folder):
        _model().export(folder / "saved", verbose=False)

    def read(self, folder):
        import tensorflow as tf

        tf.saved_model.load(folder / "saved")


class SavedModelLayer(SavedModel):
    def read(self, folder):
        import keras

        keras.layers.TFSMLayer(folder / "saved", call_endpoint="serve")


class KerasFile(Way):
    files = ["model.keras", "model.h5", "best.weights.h5"]

    def make(self, folder):
        model = _model()
        model.save(folder / "model.keras")
        model.save(folder / "model.h5")
        model.save_weights(folder / "best.weights.h5")

    def read(self, folder):
        import keras

        keras.saving.load_model(folder / "model.keras")
        model = keras.saving.load_model(folder / "model.h5", compile=False)
        model.load_weights(folder / "best.weights.h5")
        for ending in ("made.keras", "made.weights.h5"):
            save = model.save if ending == "made.keras" else model.save_weights
            save(folder / ending)
            model.load_weights(folder / ending)


class TfKerasFile(Way):
    files = ["model.h5", "best.index", "best.data-00000-of-00001", "words.txt"]

    def make(self, folder):
        (folder / "words.txt").write_text("muon\nelectron\n")
        self._model().save(folder / "model.h5")
        self._model().save_weights(folder / "best", save_format="tf")

    def read(self, folder):
        import tf_keras

        tf_keras.layers.StringLookup(vocabulary=str(folder / "words.txt"))(["muon"])
        model = tf_keras.models.load_model(folder / "model.h5")
        model.load_weights(folder / "best")
        model.save_weights(folder / "made", save_format="tf")
        model.load_weights(folder / "made")

    def _model(self):
        import tf_keras

        return tf_keras.Sequential([tf_keras.Input((2,)), tf_keras.layers.Dense(1)])


class Vocabulary(Way):
    files = ["words.txt", "numbers.txt", "table.txt"]

    def make(self, folder):
        (folder / "words.txt").write_text("muon\nelectron\n")
        (folder / "numbers.txt").write_text("11\n13\n")
        (folder / "table.txt").write_text("muon\nelectron\n")

    def read(self, folder):
        import keras
        import tensorflow as tf

        keras.layers.StringLookup(vocabulary=str(folder / "words.txt"))(tf.constant(["muon"]))
        keras.layers.IntegerLookup(vocabulary=str(folder / "numbers.txt"))(tf.constant([13]))
        initializer = tf.lookup.TextFileInitializer(
            str(folder / "table.txt"), tf.string, 0, tf.int64, -1
        )
        tf.lookup.StaticHashTable(initializer, -1).lookup(tf.constant("muon"))


class GetFile(Way):
    """What Keras would download lies there already."""

    def read(self, folder):
        import keras

        keras.utils.get_file("net.json", origin="http://localhost:1/", cache_dir=folder)

    def make(self, folder):
        (folder / "datasets").mkdir()
        (folder / "datasets" / "net.json").write_text("{}")

    files = []  # its content is left alone


class Training(Way):
    """Checkpoints that a training writes and reads again."""

    files = []

    def make(self, folder):
        pass

    def read(self, folder):
        import keras
        import numpy as np

        best = keras.callbacks.ModelCheckpoint(folder / "best.keras")
        backup = keras.callbacks.BackupAndRestore(folder / "backup")
        _model().fit(np.zeros((4, 2)), np.zeros(4), verbose=0, epochs=2, callbacks=[best, backup])
        keras.saving.load_model(folder / "best.keras")


class HiddenInAGraph(Way):
    """What the documentation calls unseen, though it is noticed."""

    files = []
    unseen = [
        "a tf.data.Dataset of file names inside of a graph",
        "tf.io.read_file inside of a graph",
    ]

    def make(self, folder):
        (folder / "mapped.txt").write_text("x")
        (folder / "lines.txt").write_text("x")
        (folder / "raw.txt").write_text("x")

    def read(self, folder):
        import tensorflow as tf

        tf.raw_ops.ReadFile(filename=f"{folder}/raw.txt")
        names = tf.data.Dataset.from_tensor_slices([f"{folder}/mapped.txt"])
        list(names.map(tf.io.read_file))
        endings = tf.data.Dataset.from_tensor_slices(["lines.txt"])
        paths = endings.map(lambda name: tf.strings.join([f"{folder}/", name]))
        list(tf.data.Dataset.flat_map(paths, lambda path: tf.data.TextLineDataset(path)))
