# role: encoder_block
# verdict: wrong
# fault: attention_output_discarded
# object: TransformerLayer
# about: the attention is computed but its normalised input is added to the residual in its place
import torch
import torch.nn as nn


class TransformerLayer(nn.Module):
    def __init__(self, hidden_size=32, num_heads=4, intermediate_size=64, hidden_dropout_prob=0.1):
        super().__init__()
        self.layernorm_before = nn.LayerNorm(hidden_size, eps=1e-12)
        self.attention = nn.MultiheadAttention(hidden_size, num_heads, batch_first=True)
        self.layernorm_after = nn.LayerNorm(hidden_size, eps=1e-12)
        self.intermediate = nn.Linear(hidden_size, intermediate_size)
        self.output = nn.Linear(intermediate_size, hidden_size)
        self.dropout = nn.Dropout(hidden_dropout_prob)

    def forward(self, hidden_states):
        normed = self.layernorm_before(hidden_states)
        attention_output, attention_probs = self.attention(normed, normed, normed)
        hidden_states = hidden_states + self.dropout(normed)  # <<<

        layer_output = self.layernorm_after(hidden_states)
        layer_output = nn.functional.gelu(self.intermediate(layer_output))
        layer_output = self.dropout(self.output(layer_output))
        return hidden_states + layer_output
