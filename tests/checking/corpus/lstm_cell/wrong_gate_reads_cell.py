# role: lstm_cell
# verdict: wrong
# fault: gate_reads_cell
# object: LSTMCell
# about: x is joined with the cell state where the hidden state should stand

import torch
import torch.nn as nn


class LSTMCell(nn.Module):
    """입력 x_t 와 이전 상태로부터 다음 상태 계산"""

    def __init__(self, emb_dim, hidden_dim):
        super().__init__()
        self.hidden_dim = hidden_dim
        self.linear = nn.Linear(emb_dim + hidden_dim, 4 * hidden_dim)

    def forward(self, x, prev):
        prev_hidden, prev_cell = prev
        stacked = torch.cat((x, prev_cell), 1)  # <<<
        in_gate, remember_gate, cell_gate, out_gate = self.linear(stacked).chunk(4, 1)
        in_gate = torch.sigmoid(in_gate)
        remember_gate = torch.sigmoid(remember_gate)
        out_gate = torch.sigmoid(out_gate)
        cell_gate = torch.tanh(cell_gate)
        cell = remember_gate * prev_cell + in_gate * cell_gate
        hidden = out_gate * torch.tanh(cell)
        return hidden, cell
