"""Names that Keras and TensorFlow give when nobody gives one, before a counter is appended.

They are a part of the canonical form: a change of these lists is a new version of it.
"""

from __future__ import annotations

from tensorflow.python.framework import op_def_registry

# the names of the layers of Keras 2 and 3 in snake case, as Keras makes them
_LAYERS = """
abstract_rnn_cell activation activity_regularization adaptive_average_pooling1d
adaptive_average_pooling2d adaptive_average_pooling3d adaptive_max_pooling1d adaptive_max_pooling2d
adaptive_max_pooling3d add additive_attention alpha_dropout attention aug_mix auto_contrast average
average_pooling1d average_pooling2d average_pooling3d avg_pool1d avg_pool2d avg_pool3d
batch_normalization bidirectional category_encoding center_crop concatenate
contrast_limited_adaptive_histogram_equalization conv1d conv1d_transpose conv2d conv2d_transpose
conv3d conv3d_transpose conv_lstm1d conv_lstm2d conv_lstm3d convolution1d convolution1d_transpose
convolution2d convolution2d_transpose convolution3d convolution3d_transpose cropping1d cropping2d
cropping3d cut_mix dense dense_features depthwise_conv1d depthwise_conv2d discretization dot dropout
einsum_dense elu embedding equalization flatten flax_layer functional gaussian_dropout
gaussian_noise global_average_pooling1d global_average_pooling2d global_average_pooling3d
global_avg_pool1d global_avg_pool2d global_avg_pool3d global_max_pool1d global_max_pool2d
global_max_pool3d global_max_pooling1d global_max_pooling2d global_max_pooling3d group_normalization
group_query_attention gru gru_cell hashed_crossing hashing identity input_layer integer_lookup
jax_layer lambda layer_normalization leaky_re_lu locally_connected1d locally_connected2d lstm
lstm_cell masking max_num_bounding_boxes max_pool1d max_pool2d max_pool3d max_pooling1d
max_pooling2d max_pooling3d maximum mel_spectrogram minimum mix_up model multi_head_attention
multiply normalization p_re_lu permute rand_augment random_brightness random_color_degeneration
random_color_jitter random_contrast random_crop random_elastic_transform random_erasing random_flip
random_gaussian_blur random_grayscale random_height random_hue random_invert random_perspective
random_posterization random_rotation random_saturation random_sharpness random_shear
random_translation random_width random_zoom re_lu repeat_vector rescaling reshape resizing
reversible_embedding rms_normalization rnn separable_conv1d separable_conv2d separable_convolution1d
separable_convolution2d sequential simple_rnn simple_rnn_cell softmax solarization spatial_dropout1d
spatial_dropout2d spatial_dropout3d spectral_normalization stacked_rnn_cells stft_spectrogram
string_lookup subtract text_vectorization tfsm_layer thresholded_re_lu time_distributed
torch_module_wrapper unit_normalization up_sampling1d up_sampling2d up_sampling3d zero_padding1d
zero_padding2d zero_padding3d
"""

# what TensorFlow's python functions call their operations and scopes, other than by operation
_FUNCTIONS = """
add all any arange argmax argmin args_0 Assert assert_equal assert_greater assert_less assert_rank
assert_type batch_normalization batchnorm bias_add boolean_mask broadcast_to captured cast
clip_by_value
concat cond convolution cumprod cumsum dense depthwise einsum embedding_lookup eye fill flatten
floordiv floormod foldl foldr full gather gradients identity l2_normalize lambda leaky_relu linspace
log_softmax map matmul mean mod moments mul neg norm not_equal one_hot ones ones_like packed pad pow
pred_id random_normal random_uniform range read realdiv reshape resource reverse scan separable_conv
sequence_mask softmax softplus split split_v stack strided_slice sub sum switch switch_case
TensorArrayRead TensorArrayStack TensorArrayUnstack TensorArrayV2Read TensorArrayV2Stack
TensorArrayV2Write TensorArrayWrite tensordot tile transpose truediv unstack while zeros zeros_like
"""

_NAMES = frozenset(f"{_LAYERS} {_FUNCTIONS}".split())


def is_automatic(name: str) -> bool:
    """Tell whether *name*, without a counter, is one that Keras or TensorFlow gives by itself.

    Those are the layers of Keras, the operations of TensorFlow, and the names by which
    TensorFlow's python functions call what they make.
    """
    return name in _NAMES or op_def_registry.get(name) is not None
