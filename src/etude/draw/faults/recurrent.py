"""The LSTM cell, and the LSTM over a sequence."""

RECURRENT: dict[str, tuple[str, str]] = {
    "role_lstm_cell": ("an LSTM cell", "LSTM 셀"),
    "role_lstm": ("an LSTM", "LSTM"),
    "variant_lstm": ("the usual LSTM", "보통의 LSTM"),
    "variant_forget_bias": ("1 added to the forget gate", "망각 게이트에 1을 더함"),
    "variant_coupled_gates": (
        "the input gate is 1 - the forget gate",
        "입력 게이트가 1 - 망각 게이트",
    ),
    "variant_hard_sigmoid": ("gates by the hard sigmoid", "게이트에 hard sigmoid"),
    "check_lstm_other": (
        "{name}: it does more than an LSTM cell ({what}), so it cannot be held against the reference; say another role, or leave that out.",
        "{name}: LSTM 셀에 없는 계산({what})이 있어 기준 구현과 비교할 수 없습니다. 다른 역할을 알려 주거나 그 부분을 빼세요.",
    ),
    "fault_candidate_sigmoid": (
        "the candidate goes through a sigmoid, so the cell state can only be added to and never lowered; use tanh for it.",
        "후보값에 sigmoid를 써서 셀 상태가 커지기만 하고 작아지지 못합니다. 후보값에는 tanh를 쓰세요.",
    ),
    "fault_candidate_relu": (
        "the candidate goes through a ReLU, so the cell state only grows, without bound; use tanh for it.",
        "후보값에 ReLU를 써서 셀 상태가 한없이 커지기만 합니다. 후보값에는 tanh를 쓰세요.",
    ),
    "fault_candidate_not_squashed": (
        "the candidate has no tanh, so the cell state grows without bound over long sequences; pass it through tanh.",
        "후보값에 tanh가 없어 긴 시퀀스에서 셀 상태가 한없이 커집니다. tanh를 씌우세요.",
    ),
    "fault_candidate_unused": (
        "the candidate is not what is added to the cell, so what is new never enters; add i * g.",
        "셀에 후보값이 아닌 것을 더해 새 내용이 들어가지 않습니다. i * g를 더하세요.",
    ),
    "fault_gate_tanh": (
        "the {gate} gate goes through tanh, so it can turn the sign of what it should only let through; a gate needs a sigmoid.",
        "{gate} 게이트에 tanh를 써서, 통과만 시켜야 할 값의 부호가 뒤집힐 수 있습니다. 게이트에는 sigmoid를 쓰세요.",
    ),
    "fault_gate_not_squashed": (
        "the {gate} gate has no sigmoid, so it multiplies by any number and the states explode; pass it through a sigmoid.",
        "{gate} 게이트에 sigmoid가 없어 아무 수나 곱해지고 상태가 발산합니다. sigmoid를 씌우세요.",
    ),
    "fault_gate_relu": (
        "the {gate} gate goes through a ReLU, so it is not bounded by 1 and the states explode; a gate needs a sigmoid.",
        "{gate} 게이트에 ReLU를 써서 1을 넘을 수 있고 상태가 발산합니다. 게이트에는 sigmoid를 쓰세요.",
    ),
    "fault_gate_softmax": (
        "the {gate} gate goes through a softmax, so its numbers share one sum and cannot all be open; a gate needs a sigmoid.",
        "{gate} 게이트에 softmax를 써서 값들이 합 1을 나눠 가져 함께 열릴 수 없습니다. 게이트에는 sigmoid를 쓰세요.",
    ),
    "fault_gate_squashed_twice": (
        "the {gate} gate goes through two sigmoids, so it stays between 0.5 and 0.73 and can neither open nor close; use one.",
        "{gate} 게이트에 sigmoid를 두 번 써서 0.5와 0.73 사이에 머물러 열리지도 닫히지도 못합니다. 한 번만 쓰세요.",
    ),
    "fault_gate_reused": (
        "the {gate} gate is computed with weights of the {other} one, so the two cannot learn to differ; give it its own.",
        "{gate} 게이트를 {other} 게이트의 가중치로 계산하여 둘이 따로 배울 수 없습니다. 제 가중치를 쓰세요.",
    ),
    "fault_gate_added": (
        "the {gate} gate is added, not multiplied, so it cannot close anything; multiply by it.",
        "{gate} 게이트를 곱하지 않고 더해 아무것도 막지 못합니다. 곱하세요.",
    ),
    "fault_gates_exchanged": (
        "the forget gate is on the candidate without a way in for the old cell of its own; compute c = f * c + i * g.",
        "망각 게이트가 셀 상태가 아니라 후보값에 곱해집니다. c = f * c + i * g 로 계산하세요.",
    ),
    "fault_gate_reads_cell": (
        "the gates read the cell state where they should read h, so the output gate's work is lost; pass h to them.",
        "게이트가 h가 아니라 셀 상태를 읽어 출력 게이트의 일이 사라집니다. h를 넣으세요.",
    ),
    "fault_recurrent_input_missing": (
        "a gate does not see the hidden state h, so it cannot react to what was before; add h's weights to it.",
        "은닉 상태 h를 보지 못하는 게이트가 있어 앞의 내용에 반응할 수 없습니다. h에 대한 가중치 항을 더하세요.",
    ),
    "fault_forget_gate_unused": (
        "the old cell state is not multiplied by the forget gate, so the cell cannot learn what to forget; compute c = f * c + i * g.",
        "이전 셀 상태에 망각 게이트를 곱하지 않아 무엇을 잊을지 배울 수 없습니다. c = f * c + i * g 로 계산하세요.",
    ),
    "fault_forget_inverted": (
        "the old cell state is multiplied by 1 - f, so an open forget gate erases; compute c = f * c + i * g.",
        "이전 셀 상태에 1 - f를 곱해 망각 게이트가 열릴수록 지워집니다. c = f * c + i * g 로 계산하세요.",
    ),
    "fault_forgets_hidden": (
        "the forget gate is multiplied with h, not with the cell state, so the long memory is lost; compute c = f * c + i * g.",
        "망각 게이트를 셀 상태가 아니라 h에 곱해 긴 기억이 사라집니다. c = f * c + i * g 로 계산하세요.",
    ),
    "fault_cell_state_dropped": (
        "the old cell state does not enter the new one, so nothing is remembered over more than a step; compute c = f * c + i * g.",
        "이전 셀 상태가 새 상태에 들어가지 않아 한 단계 넘게 기억하지 못합니다. c = f * c + i * g 로 계산하세요.",
    ),
    "fault_input_gate_unused": (
        "the candidate is not multiplied by the input gate, so the cell cannot learn what to let in; compute c = f * c + i * g.",
        "후보값에 입력 게이트를 곱하지 않아 무엇을 받아들일지 배울 수 없습니다. c = f * c + i * g 로 계산하세요.",
    ),
    "fault_output_gate_unused": (
        "the output gate is not used, so the cell cannot learn what to show; compute h = o * tanh(c).",
        "출력 게이트를 쓰지 않아 무엇을 내보낼지 배울 수 없습니다. h = o * tanh(c) 로 계산하세요.",
    ),
    "fault_cell_multiplied": (
        "what is kept and what is added are multiplied, so one small factor erases all; add them: c = f * c + i * g.",
        "남길 것과 더할 것을 곱해 작은 값 하나가 모두 지웁니다. 더하세요: c = f * c + i * g.",
    ),
    "fault_cell_subtracted": (
        "the new content is subtracted from the cell; add it: c = f * c + i * g.",
        "새 내용을 셀에서 뺍니다. 더하세요: c = f * c + i * g.",
    ),
    "fault_cell_not_squashed": (
        "h is the output gate times c itself, so the output grows with the cell state without bound; compute h = o * tanh(c).",
        "h에 c를 그대로 곱해 출력이 셀 상태와 함께 한없이 커집니다. h = o * tanh(c) 로 계산하세요.",
    ),
    "fault_cell_squashed_by_sigmoid": (
        "the cell state goes to the output through a sigmoid, so h can never be negative; compute h = o * tanh(c).",
        "셀 상태를 sigmoid로 내보내 h가 음수가 될 수 없습니다. h = o * tanh(c) 로 계산하세요.",
    ),
    "fault_cell_state_squashed": (
        "the cell state itself goes through tanh before it is carried on, so the memory shrinks at each step and gradients vanish; use tanh for h alone.",
        "셀 상태 자체에 tanh를 씌워 넘겨 기억이 매 단계 줄고 기울기가 사라집니다. tanh는 h를 만들 때만 쓰세요.",
    ),
    "fault_hidden_from_old_cell": (
        "h is made of the old cell state, so the output lags a step behind its input; compute h = o * tanh(c) with the new c.",
        "h를 이전 셀 상태로 만들어 출력이 입력보다 한 단계 늦습니다. 새 c로 h = o * tanh(c) 를 계산하세요.",
    ),
    "fault_hidden_from_candidate": (
        "h is made of the candidate, not of the cell state, so the memory never reaches the output; compute h = o * tanh(c).",
        "h를 셀 상태가 아니라 후보값으로 만들어 기억이 출력에 닿지 않습니다. h = o * tanh(c) 로 계산하세요.",
    ),
    "fault_states_returned_swapped": (
        "the states come back as (c, h) but are taken as (h, c), so each step reads the one for the other; return (h, c).",
        "상태를 (h, c)로 받고 (c, h)로 돌려주어 다음 단계에서 둘이 뒤바뀝니다. (h, c)로 돌려주세요.",
    ),
    "fault_old_state_returned": (
        "the old {state} is returned, so this state never changes from step to step; return the new one.",
        "이전 {state} 를 돌려주어 이 상태가 단계마다 바뀌지 않습니다. 새 값을 돌려주세요.",
    ),
    "fault_hidden_returned_twice": (
        "h is returned in the place of the cell state too, so the memory is lost at every step; return (h, c).",
        "셀 상태 자리에도 h를 돌려주어 기억이 매 단계 사라집니다. (h, c)를 돌려주세요.",
    ),
}
