"""The LSTM cell, and the LSTM over a sequence."""

RECURRENT: dict[str, tuple[str, str]] = {
    "role_lstm_cell": ("an LSTM cell", "LSTM 셀"),
    "role_lstm": ("an LSTM", "LSTM 순환 신경망"),
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
        "the candidate goes through relu, so nothing negative is ever written and the cell state only grows; use tanh.",
        "후보값이 relu를 지나 음수를 쓸 수 없고 셀 상태가 커지기만 합니다. tanh를 쓰세요.",
    ),
    "fault_candidate_unused": (
        "the candidate takes no part in the new cell state, so nothing new is ever written; add i * g.",
        "후보값이 새 셀 상태에 쓰이지 않아 새로운 것이 기록되지 않습니다. i * g 를 더하세요.",
    ),
    "fault_cell_squashed_by_sigmoid": (
        "the new cell state goes through a sigmoid, so the hidden state is never negative; use tanh, h = o * tanh(c).",
        "새 셀 상태가 시그모이드를 지나 은닉 상태가 음수일 수 없습니다. h = o * tanh(c) 로 tanh를 쓰세요.",
    ),
    "fault_forget_inverted": (
        "the old cell state is multiplied by 1 - f, so an open forget gate forgets; multiply by f.",
        "옛 셀 상태에 1 - f 를 곱해 망각 게이트가 열리면 오히려 잊습니다. f 를 곱하세요.",
    ),
    "fault_hidden_from_candidate": (
        "the hidden state is read from the candidate and not from the new cell state, so the memory never shows; write h = o * tanh(c).",
        "은닉 상태를 새 셀 상태가 아니라 후보값에서 읽어 기억이 드러나지 않습니다. h = o * tanh(c) 로 쓰세요.",
    ),
    "fault_gate_squashed_twice": (
        "the {gate} gate goes through the sigmoid twice, so it stays between 0.5 and 0.73 and can neither close nor open; apply it once.",
        "{gate} 게이트가 시그모이드를 두 번 지나 0.5와 0.73 사이에 머물고 닫히지도 열리지도 않습니다. 한 번만 적용하세요.",
    ),
    "fault_gate_reads_cell": (
        "the gates read x and the cell state where the hidden state should stand, so h is never used; join x with h.",
        "게이트가 은닉 상태 대신 셀 상태를 읽어 h가 쓰이지 않습니다. x를 h와 이어 붙이세요.",
    ),
    "fault_candidate_not_squashed": (
        "the candidate has no tanh, so the cell state grows without bound over long sequences; pass it through tanh.",
        "후보값에 tanh가 없어 긴 시퀀스에서 셀 상태가 한없이 커집니다. tanh를 씌우세요.",
    ),
    "fault_gate_tanh": (
        "the {gate} gate goes through tanh, so it can turn the sign of what it should only let through; a gate needs a sigmoid.",
        "{gate} 게이트에 tanh를 써서, 통과만 시켜야 할 값의 부호가 뒤집힐 수 있습니다. 게이트에는 sigmoid를 쓰세요.",
    ),
    "fault_gate_not_squashed": (
        "the {gate} gate has no sigmoid, so it multiplies by any number and the states explode; pass it through a sigmoid.",
        "{gate} 게이트에 sigmoid가 없어 아무 수나 곱해지고 상태가 발산합니다. sigmoid를 씌우세요.",
    ),
    "fault_gate_reused": (
        "the {gate} gate is computed with weights of the {other} one, so the two cannot learn to differ; give it its own.",
        "{gate} 게이트를 {other} 게이트의 가중치로 계산하여 둘이 따로 배울 수 없습니다. 제 가중치를 쓰세요.",
    ),
    "fault_recurrent_input_missing": (
        "a gate does not see the hidden state h, so it cannot react to what was before; add h's weights to it.",
        "은닉 상태 h를 보지 못하는 게이트가 있어 앞의 내용에 반응할 수 없습니다. h에 대한 가중치 항을 더하세요.",
    ),
    "fault_forget_gate_unused": (
        "the old cell state is not multiplied by the forget gate, so the cell cannot learn what to forget; compute c = f * c + i * g.",
        "이전 셀 상태에 망각 게이트를 곱하지 않아 무엇을 잊을지 배울 수 없습니다. c = f * c + i * g 로 계산하세요.",
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
    "fault_cell_not_squashed": (
        "h is the output gate times c itself, so the output grows with the cell state without bound; compute h = o * tanh(c).",
        "h에 c를 그대로 곱해 출력이 셀 상태와 함께 한없이 커집니다. h = o * tanh(c) 로 계산하세요.",
    ),
    "fault_cell_state_squashed": (
        "the cell state itself goes through tanh before it is carried on, so the memory shrinks at each step and gradients vanish; use tanh for h alone.",
        "셀 상태 자체에 tanh를 씌워 넘겨 기억이 매 단계 줄고 기울기가 사라집니다. tanh는 h를 만들 때만 쓰세요.",
    ),
    "fault_hidden_from_old_cell": (
        "h is made of the old cell state, so the output lags a step behind its input; compute h = o * tanh(c) with the new c.",
        "h를 이전 셀 상태로 만들어 출력이 입력보다 한 단계 늦습니다. 새 c로 h = o * tanh(c) 를 계산하세요.",
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
    "check_lstm_none": (
        "{name}: no LSTM cell is found in its forward; say another role, or give an --adapter.",
        "{name}: forward에서 LSTM 셀을 찾지 못했습니다. 다른 역할을 알려 주거나 --adapter 를 주세요.",
    ),
    "check_lstm_layout": (
        "{name}: it computes along the first axis and nothing says whether that is time; write [L N Q] in its docstring, or pass batch_first=True.",
        "{name}: 첫 축을 따라 계산하는데 그것이 시간인지 알 수 없습니다. docstring에 [L N Q]라고 적거나 batch_first=True를 넘기세요.",
    ),
    "check_lstm_lengths": (
        "{name}: {parameter} is taken neither as a tensor nor as a list of lengths.",
        "{name}: {parameter} 에 길이의 텐서도 리스트도 넣을 수 없습니다.",
    ),
    "held_depends_on_steps": (
        "the output depends on the first step and the last",
        "출력이 첫 단계와 마지막 단계에 좌우됨",
    ),
    "held_states": ("states are those after the last step", "상태가 마지막 단계의 것임"),
    "variant_all_steps": ("all steps are read", "모든 단계를 읽음"),
    "variant_mean_over_steps": ("the mean over the steps is read", "단계들의 평균을 읽음"),
    "variant_max_over_steps": ("the maximum over the steps is read", "단계들의 최댓값을 읽음"),
    "variant_sum_over_steps": ("the sum over the steps is read", "단계들의 합을 읽음"),
    "variant_steps_side_by_side": ("all steps side by side", "모든 단계를 이어 붙여 읽음"),
    "variant_directions_added": (
        "both directions added, not side by side",
        "두 방향을 이어 붙이지 않고 더함",
    ),
    "variant_all_layers": (
        "the last states of all layers are read",
        "모든 층의 마지막 상태를 읽음",
    ),
    "variant_mean_of_layers": (
        "the mean of the layers' last states is read",
        "층들의 마지막 상태의 평균을 읽음",
    ),
    "variant_cell_state_read": (
        "the cell state is read (usual: the hidden state)",
        "셀 상태를 읽음 (보통은 은닉 상태)",
    ),
    "variant_own_readout": ("a readout of its own", "고유한 읽기 방식"),
    "fault_state_kept_between_batches": (
        "the state of one call is the start of the next, so a prediction depends on the batches before it; start each call from zeros.",
        "앞 호출의 상태에서 다음 호출이 시작되어 예측이 앞서 넣은 배치에 좌우됩니다. 호출마다 0에서 시작하세요.",
    ),
    "fault_readout_last_sample": (
        "[-1] takes the last sample of [N L D], not the last step, so all predictions come from one sample; take [:, -1].",
        "[N L D]에서 [-1]은 마지막 단계가 아니라 마지막 샘플이라 모든 예측이 한 샘플에서 나옵니다. [:, -1]을 쓰세요.",
    ),
    "fault_state_not_carried": (
        "the state ({state}) starts anew at each step, so nothing before it is remembered; make it once before the loop and carry it on.",
        "상태({state})가 매 단계 새로 시작하여 앞의 내용을 기억하지 못합니다. 루프 앞에서 한 번 만들고 계속 넘기세요.",
    ),
    "fault_second_layer_reads_input": (
        "the upper layers read the input, not the outputs of the layer below, so depth adds nothing; pass the layer below's outputs.",
        "위층이 아래층의 출력이 아니라 입력을 읽어 층을 쌓은 효과가 없습니다. 아래층의 출력을 넘기세요.",
    ),
    "fault_layers_share_state": (
        "one state serves all layers, so each layer overwrites what another remembers; keep an h and a c for each layer.",
        "하나의 상태를 모든 층이 함께 써서 서로의 기억을 덮어씁니다. 층마다 h와 c를 따로 두세요.",
    ),
    "fault_outputs_reversed": (
        "outputs stand in reversed order of time, so step t is read with what belongs to another step; flip them back.",
        "출력이 시간의 거꾸로 순서로 놓여 단계 t에 다른 단계의 값이 읽힙니다. 다시 뒤집으세요.",
    ),
    "fault_backward_reads_forward": (
        "the backward direction reads the sequence forwards, so no step sees what comes after it; flip the input along time for it.",
        "역방향 층이 시퀀스를 정방향으로 읽어 어느 단계도 뒤의 내용을 보지 못합니다. 입력을 시간 축으로 뒤집어 넣으세요.",
    ),
    "fault_bidirectional_last_step": (
        "the last step of a bidirectional LSTM is read, where the backward direction has seen one step alone; join the two directions' last states, hn[-2] and hn[-1].",
        "양방향 LSTM의 마지막 단계를 읽는데, 거기서 역방향은 한 단계만 본 상태입니다. 두 방향의 마지막 상태 hn[-2]와 hn[-1]을 이어 붙이세요.",
    ),
    "fault_state_random": (
        "the first state is drawn anew in every call, so one input has many answers, in eval mode too; begin with zeros or with a learned state.",
        "첫 상태를 부를 때마다 무작위로 뽑아 eval 모드에서도 같은 입력의 답이 달라집니다. 0이나 학습되는 상태에서 시작하세요.",
    ),
    "fault_last_step_missed": (
        "the state after the last but one step is read, so the last step never counts; go through all steps.",
        "마지막 하나 앞 단계의 상태를 읽어 마지막 단계가 반영되지 않습니다. 모든 단계를 지나가세요.",
    ),
    "fault_outputs_transposed": (
        "outputs of [L N D] are reshaped to [N L D] without moving the axes, so those of different samples and steps are mixed; transpose, or stack along dim 1.",
        "[L N D] 출력을 축을 옮기지 않고 [N L D]로 바꿔 서로 다른 샘플과 단계의 출력이 섞입니다. transpose하거나 dim=1로 쌓으세요.",
    ),
    "fault_sigmoid_in_output": (
        "class scores go through a sigmoid, and cross entropy applies softmax to them, so no class can come near probability 1; return the logits.",
        "클래스 점수가 시그모이드를 지나는데 교차 엔트로피가 다시 소프트맥스를 해, 어떤 클래스도 확률 1에 가까워질 수 없습니다. 로짓을 돌려주세요.",
    ),
    "fault_readout_first_step": (
        "the output is read from the first step, which has seen nothing of the rest, so all later steps are ignored; read the last one.",
        "첫 단계의 출력을 읽어 뒤의 모든 단계가 무시됩니다. 마지막 단계를 읽으세요.",
    ),
    "fault_hn_transposed": (
        "hn is [K N D] and is reshaped to [N K*D] without moving the axes, so states of different samples are mixed; transpose first, or take hn[-1].",
        "hn은 [K N D]인데 축을 옮기지 않고 [N K*D]로 바꿔 서로 다른 샘플의 상태가 섞입니다. 먼저 transpose하거나 hn[-1]을 쓰세요.",
    ),
    "fault_readout_one_direction": (
        "one direction alone is read, so the other is computed in vain and never learns; join hn[-2] and hn[-1].",
        "한 방향만 읽어 다른 방향은 헛되이 계산되고 학습되지 않습니다. hn[-2]와 hn[-1]을 이어 붙이세요.",
    ),
    "fault_readout_first_layer": (
        "the state of a lower layer is read, so the layers above it are computed in vain; take that of the last, hn[-1].",
        "아래층의 상태를 읽어 그 위의 층들은 헛되이 계산됩니다. 마지막 층의 hn[-1]을 쓰세요.",
    ),
    "fault_state_not_last": (
        "the state that is returned is not the one after the last step, so what goes on from it starts wrongly; return the last h and c.",
        "돌려주는 상태가 마지막 단계의 것이 아니어서 이어지는 계산이 잘못 시작됩니다. 마지막 h와 c를 돌려주세요.",
    ),
    "fault_last_step_is_padding": (
        "with lengths, a sample's answer depends on its padding: the last step is read, not the last valid one; read step length - 1, or pack the sequences.",
        "길이가 주어져도 답이 패딩에 좌우됩니다. 마지막 유효 단계가 아니라 마지막 단계를 읽습니다. length - 1 번째를 읽거나 pack_padded_sequence를 쓰세요.",
    ),
    "fault_padding_read": (
        "with lengths, outputs at valid steps depend on the padding after them; pack the sequences, or keep the state still beyond a length.",
        "길이가 주어져도 유효한 단계의 출력이 뒤의 패딩에 좌우됩니다. pack_padded_sequence를 쓰거나 길이를 넘으면 상태를 그대로 두세요.",
    ),
    "fault_order_not_restored": (
        "samples are sorted by length and not put back, so answers belong to other samples; restore the order, or pack with enforce_sorted=False.",
        "길이순으로 정렬한 뒤 되돌리지 않아 답이 다른 샘플의 것입니다. 순서를 되돌리거나 enforce_sorted=False로 묶으세요.",
    ),
}
