"""The layers of the notes, one idea per file: plain `nn.Module`s and functions for any training
loop."""

from etude.layers.attention import MultiHeadAttention, scaled_dot_product_attention
from etude.layers.block import EncoderBlock
from etude.layers.dropout import Dropout2d
from etude.layers.gaussian import energy_distance, reparameterize
from etude.layers.init import init_param
from etude.layers.lstm import LSTM, lstm_cell
from etude.layers.patches import PatchEmbedding

__all__ = [
    "LSTM",
    "Dropout2d",
    "EncoderBlock",
    "MultiHeadAttention",
    "PatchEmbedding",
    "energy_distance",
    "init_param",
    "lstm_cell",
    "reparameterize",
    "scaled_dot_product_attention",
]
