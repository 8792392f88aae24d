from cmsml_tasks.exporting.usage import cpp_lines, interface_text


def tensor(name, dtype="float32", shape=(None, 3)):
    size = None if shape is None else list(shape)
    return {"name": name, "tensor": f"{name}:0", "dtype": dtype, "shape": size}


def card(*inputs, outputs=("score",)):
    return {"inputs": list(inputs), "outputs": [tensor(name) for name in outputs]}


def test_lines_feed_and_fetch_every_tensor():
    inputs = tensor("jets"), tensor("n", "int64", (None, 1))
    lines = cpp_lines(card(*inputs, outputs=("a", "b")), "g")
    assert "tensorflow::Tensor jets(tensorflow::DT_FLOAT, {1, 3});" in lines
    assert "tensorflow::Tensor n(tensorflow::DT_INT64, {1, 1});" in lines
    assert '{{"jets", jets}, {"n", n}}, {"a", "b"}, &outputs);' in lines


def test_scalar_and_unknown_shapes():
    lines = cpp_lines(card(tensor("x", shape=()), tensor("y", shape=None)), "g")
    assert "tensorflow::Tensor x(tensorflow::DT_FLOAT, {});" in lines
    assert "tensorflow::Tensor y(tensorflow::DT_FLOAT, {1});" in lines


def test_variables_are_valid_and_distinct():
    names = ["a.b", "a_b", "session", "float", "4jets", "tä/g"]
    lines = cpp_lines(card(*(tensor(name) for name in names)), "g").splitlines()
    declared = [line.split()[1].partition("(")[0] for line in lines if "::Tensor " in line]
    assert declared == ["a_b", "input_a_b", "input_session", "input_float", "input_4jets", "t__g"]


def test_interface_in_words():
    features = [{"name": "pt", "padding": None}, {"name": "eta", "padding": None}]
    text = interface_text(card({**tensor("x"), "features": features}, tensor("y", shape=None)), "g")
    assert "input    x:0  float32 [batch, 3]\n         pt, eta\n" in text
    assert "input    y:0  float32 [shape unknown]" in text
