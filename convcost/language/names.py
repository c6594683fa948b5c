"""The one table of other names: what people and frameworks call a layer type or a design.

Case, ``-`` and ``_`` never matter. Other names are accepted wherever a type is written (on one
line, in JSON and TOML, as an option), and never printed.
"""

from __future__ import annotations

from collections.abc import Iterable

ALIASES = {
    "1x1": "pointwise",
    "1x1conv": "pointwise",
    "conv1x1": "pointwise",
    "pw": "pointwise",
    "pwconv": "pointwise",
    "pointwiseconv": "pointwise",
    "convolution": "conv",
    "conv1d": "conv",
    "conv2d": "conv",
    "conv3d": "conv",
    "convtranspose1d": "conv_transpose",
    "convtranspose2d": "conv_transpose",
    "convtranspose3d": "conv_transpose",
    "conv1dtranspose": "conv_transpose",
    "conv2dtranspose": "conv_transpose",
    "conv3dtranspose": "conv_transpose",
    "deconv": "conv_transpose",
    "deconvolution": "conv_transpose",
    "transposedconv": "conv_transpose",
    "transposeconv": "conv_transpose",
    "upconv": "conv_transpose",
    "normal": "standard",
    "regular": "standard",
    "standardconv": "standard",
    "dw": "depthwise",
    "dwconv": "depthwise",
    "depthwiseconv": "depthwise",
    "depthwiseconv1d": "depthwise",
    "depthwiseconv2d": "depthwise",
    "depthwiseconvolution": "depthwise",
    "dwise": "depthwise",
    "ds": "separable",
    "dsc": "separable",
    "dsconv": "separable",
    "dwsconv": "separable",
    "dwsep": "separable",
    "dwseparable": "separable",
    "sepconv": "separable",
    "separableconv": "separable",
    "separableconv1d": "separable",
    "separableconv2d": "separable",
    "depthwiseseparable": "separable",
    "depthwiseseparableconv": "separable",
    "depthwiseseparableconvolution": "separable",
    "groupedconv": "grouped",
    "groupconv": "grouped",
    "gconv": "grouped",
    "dilatedconv": "dilated",
    "atrous": "dilated",
    "atrousconv": "dilated",
    "spatialseparable": "spatially_separable",
    "maxpool1d": "max_pool",
    "maxpool2d": "max_pool",
    "maxpool3d": "max_pool",
    "maxpooling": "max_pool",
    "maxpooling1d": "max_pool",
    "maxpooling2d": "max_pool",
    "maxpooling3d": "max_pool",
    "mp": "max_pool",
    "avgpool1d": "avg_pool",
    "avgpool2d": "avg_pool",
    "avgpool3d": "avg_pool",
    "averagepool": "avg_pool",
    "averagepooling": "avg_pool",
    "averagepooling1d": "avg_pool",
    "averagepooling2d": "avg_pool",
    "averagepooling3d": "avg_pool",
    "meanpool": "avg_pool",
    "gap": "global_avg_pool",
    "globalpool": "global_avg_pool",
    "globalavgpool2d": "global_avg_pool",
    "globalaveragepool": "global_avg_pool",
    "globalaveragepooling": "global_avg_pool",
    "globalaveragepooling1d": "global_avg_pool",
    "globalaveragepooling2d": "global_avg_pool",
    "globalaveragepooling3d": "global_avg_pool",
    "adaptivepool": "adaptive_avg_pool",
    "adaptiveavgpool1d": "adaptive_avg_pool",
    "adaptiveavgpool2d": "adaptive_avg_pool",
    "adaptiveavgpool3d": "adaptive_avg_pool",
    "adaptiveaveragepool": "adaptive_avg_pool",
    "bn": "batch_norm",
    "batchnorm1d": "batch_norm",
    "batchnorm2d": "batch_norm",
    "batchnorm3d": "batch_norm",
    "batchnormalization": "batch_norm",
    "batchnormalisation": "batch_norm",
    "ln": "layer_norm",
    "layernorm2d": "layer_norm",
    "layernormalization": "layer_norm",
    "gn": "group_norm",
    "groupnormalization": "group_norm",
    "in": "instance_norm",
    "instancenorm1d": "instance_norm",
    "instancenorm2d": "instance_norm",
    "instancenorm3d": "instance_norm",
    "instancenormalization": "instance_norm",
    "fc": "linear",
    "dense": "linear",
    "fullyconnected": "linear",
    "innerproduct": "linear",
    "gemm": "linear",
    "act": "activation",
    "sum": "add",
    "addition": "add",
    "multiply": "mul",
    "multiplication": "mul",
    "cat": "concat",
    "concatenate": "concat",
    "concatenation": "concat",
    "shuffle": "channel_shuffle",
    "shufflechannels": "channel_shuffle",
    "upsample2d": "upsample",
    "upsampling": "upsample",
    "upsampling1d": "upsample",
    "upsampling2d": "upsample",
    "upsampling3d": "upsample",
    "resize": "upsample",
    "interpolate": "upsample",
    "flat": "flatten",
    "id": "identity",
    "noop": "identity",
    "mbconvblock": "mbconv",
    "fusedmbconvblock": "fused_mbconv",
    "invertedbottleneck": "inverted_residual",
    "invertedresidualblock": "inverted_residual",
    "irb": "inverted_residual",
    "bottleneckblock": "bottleneck",
    "basicblock": "resnet_basic",
    "residual": "resnet_basic",
    "resblock": "resnet_basic",
    "residualblock": "resnet_basic",
    "se": "squeeze_excitation",
    "seblock": "squeeze_excitation",
    "squeezeexcite": "squeeze_excitation",
    "squeezeandexcitation": "squeeze_excitation",
    "ghostmodule": "ghost",
    "ghostconv": "ghost",
    "firemodule": "fire",
    "partialconv": "pconv",
    "shuffleunit": "shufflenet_v1_unit",
    "mobilenet": "mobilenet_v1",
    "mobilenet1": "mobilenet_v1",
    "mobilenet2": "mobilenet_v2",
    "squeezenet": "squeezenet1_0",
    "inceptionv1": "googlenet",
    "resnext5032x4d": "resnext50",
    "resnext10132x8d": "resnext101",
    "wideresnet502": "wide_resnet50",
    "wideresnet1012": "wide_resnet101",
    "wrn": "wide_resnet",
    "res2net5026w4s": "res2net50",
    "lenet": "lenet5",
    "mnasnet10": "mnasnet",
    "mnasnetb1": "mnasnet",
    "shufflenetv2x10": "shufflenet_v2",
    "regnetx400m": "regnet_x_400mf",
    "regnety400m": "regnet_y_400mf",
    "regnetx": "regnet",
    "dscnn": "mlperf_tiny_kws",
    "resnet8": "mlperf_tiny_ic",
    "vww": "mlperf_tiny_vww",
    "deepautoencoder": "mlperf_tiny_ad",
    "convnextt": "convnext_tiny",
    "convnexts": "convnext_small",
    "convnextb": "convnext_base",
    "convnextl": "convnext_large",
}
"""Other names without case, ``-`` and ``_`` -> the proper one, where there is such a name."""


def plain(word: str) -> str:
    """A name as it is compared: ``ResNet-50`` and ``resnet_50`` are ``resnet50``."""
    return word.lower().replace("-", "").replace("_", "")


def proper_name(word: str, known: Iterable[str]) -> str | None:
    """The name in ``known`` that ``word`` means, or None.

    A name that is known as it is written comes first, then one that differs in case, ``-`` or
    ``_``, then what the table of other names says.
    """
    names = list(known)
    if word in names:
        return word
    asked = plain(word)
    for name in names:
        if plain(name) == asked:
            return name
    meant = ALIASES.get(asked)
    return meant if meant in names else None


def axes_in_name(word: str) -> int | None:
    """How many spatial axes a framework's name says that it is for: 2 of ``Conv2d``."""
    ending = plain(word)[-2:]
    return int(ending[0]) if ending in ("1d", "2d", "3d") else None
