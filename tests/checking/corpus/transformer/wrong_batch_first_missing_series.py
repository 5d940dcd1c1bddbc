# role: transformer
# verdict: wrong
# fault: batch_first_missing
# object: TransAm
# about: nn.TransformerEncoderLayer reads [L N D] by default and gets [N L D], so it attends over the samples
# round: held-out

import torch
from torch import nn


class LearnedPositions(nn.Module):
    def __init__(self, n_positions: int, dim: int):
        super().__init__()
        self.table = nn.Parameter(torch.empty(n_positions, dim))
        nn.init.trunc_normal_(self.table, std=0.02)

    def forward(self, x):
        return x + self.table[: x.shape[1]]


class TransAm(nn.Module):
    """Time series x [N L Q] -> next values [N L 1]"""

    def __init__(self, feature_size=4, model_size=32, num_layers=2, nhead=4, dropout=0.1, window=128):
        super().__init__()
        self.input_embedding = nn.Linear(feature_size, model_size)
        self.pos_encoder = LearnedPositions(window, model_size)
        encoder_layer = nn.TransformerEncoderLayer(  # <<<
            d_model=model_size, nhead=nhead, dim_feedforward=4 * model_size, dropout=dropout
        )
        self.transformer_encoder = nn.TransformerEncoder(
            encoder_layer, num_layers=num_layers, enable_nested_tensor=False
        )
        self.decoder = nn.Linear(model_size, 1)

    def forward(self, src):
        src = self.input_embedding(src)
        src = self.pos_encoder(src)
        output = self.transformer_encoder(src)
        return self.decoder(output)
