# role: transformer
# verdict: wrong
# fault: softmax_in_output
# object: TransformerForClassification
# about: probabilities are returned where the docstring promises logits for F.cross_entropy
import torch
import torch.nn as nn
import torch.nn.functional as F


class TransformerForClassification(nn.Module):
    """Token ids [N, L] to class logits [N, C]. Loss: F.cross_entropy(model(ids), y)."""

    def __init__(self, vocab_size=120, hidden_size=32, heads=2, layers=2, num_labels=5, max_pos=64):
        super().__init__()
        self.embeddings = nn.Embedding(vocab_size, hidden_size)
        self.positions = nn.Embedding(max_pos, hidden_size)
        layer = nn.TransformerEncoderLayer(hidden_size, heads, hidden_size * 4, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers)
        self.classifier = nn.Linear(hidden_size, num_labels)

    def forward(self, input_ids):
        pos = torch.arange(input_ids.shape[1], device=input_ids.device)
        x = self.embeddings(input_ids) + self.positions(pos)
        x = self.encoder(x)
        x = self.classifier(x[:, 0, :])
        return F.softmax(x, dim=-1)  # <<<
