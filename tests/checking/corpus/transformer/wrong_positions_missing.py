# role: transformer
# verdict: wrong
# fault: positions_missing
# object: TransformerClassifier
# about: the position embedding is built but the tokens go into the blocks without it
import torch
import torch.nn as nn


class TransformerClassifier(nn.Module):
    def __init__(self, vocab_size=200, emb_dim=32, num_heads=4, hidden_dim=64, num_layers=2,
                 num_classes=4, max_len=64, dropout=0.1):
        super().__init__()
        self.token_emb = nn.Embedding(vocab_size, emb_dim)
        self.pos_emb = nn.Embedding(max_len, emb_dim)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList([
            nn.TransformerEncoderLayer(emb_dim, num_heads, hidden_dim, dropout, batch_first=True)
            for _ in range(num_layers)
        ])
        self.fc = nn.Linear(emb_dim, num_classes)

    def forward(self, x):
        # x: [N x L]
        x = self.token_emb(x)  # <<<
        x = self.dropout(x)
        for layer in self.layers:
            x = layer(x)
        x = x.mean(dim=1)
        return self.fc(x)
