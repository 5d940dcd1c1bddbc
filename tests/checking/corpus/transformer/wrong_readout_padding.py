# role: transformer
# verdict: wrong
# fault: readout_padding
# object: SequenceClassifier
# about: attention hides the padded steps but the mean for the readout takes them in
import torch
import torch.nn as nn


class SequenceClassifier(nn.Module):
    """Classifies padded sequences x [N, L, Q]; lengths [N] gives the real number of steps."""

    def __init__(self, input_dim: int = 5, model_dim: int = 32, num_heads: int = 4, num_layers: int = 2,
                 num_classes: int = 3, dropout: float = 0.0, max_len: int = 256):
        super().__init__()
        self.input_net = nn.Linear(input_dim, model_dim)
        self.pos = nn.Parameter(torch.zeros(1, max_len, model_dim))
        nn.init.normal_(self.pos, std=0.02)
        self.layers = nn.ModuleList([
            nn.TransformerEncoderLayer(model_dim, num_heads, 2 * model_dim, dropout,
                                       batch_first=True, norm_first=True)
            for _ in range(num_layers)])
        self.norm = nn.LayerNorm(model_dim)
        self.output_net = nn.Linear(model_dim, num_classes)

    def forward(self, x, lengths=None):
        L = x.shape[1]
        pad = None
        if lengths is not None:
            pad = torch.arange(L, device=x.device).unsqueeze(0) >= lengths.unsqueeze(1)
        x = self.input_net(x) + self.pos[:, :L]
        for layer in self.layers:
            x = layer(x, src_key_padding_mask=pad)
        x = self.norm(x)
        pooled = x.mean(dim=1)  # <<<
        return self.output_net(pooled)
