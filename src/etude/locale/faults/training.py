"""Training functions and optimizers."""

TRAINING: dict[str, tuple[str, str]] = {
    "role_training": ("a training function", "학습 함수"),
    "role_optimizer": ("an optimizer", "옵티마이저"),
    "check_optimizer_unknown": (
        "{name}: no optimizer that I know (SGD, momentum, Adam) makes these steps, and the name does not say which is meant.",
        "{name}: 아는 옵티마이저 (SGD, 모멘텀, Adam)의 스텝이 아니고, 이름으로도 무엇인지 알 수 없습니다.",
    ),
    "check_training_unused": (
        "{name}: it ran, but nothing went through the model that it was given.",
        "{name}: 실행은 되지만 넘겨준 모델에 아무것도 통과시키지 않았습니다.",
    ),
    "held_own_data": (
        "nothing is learned from validation or test data",
        "검증, 테스트 데이터로 학습하지 않음",
    ),
    "held_order": ("the order", "순서"),
    "held_modes": (
        "train mode to learn, eval mode to validate",
        "학습은 train 모드, 검증은 eval 모드",
    ),
    "held_graphs": ("no graph outlives its batch", "배치가 끝나면 계산 그래프도 사라짐"),
    "held_reported": ("reported numbers are of the whole pass", "보고된 값이 한 패스 전체의 값임"),
    "held_as_torch": (
        "parameters after six steps equal the formula's",
        "여섯 스텝 뒤의 매개변수가 식과 같음",
    ),
    "held_is_sgd": ("the formula of torch.optim.SGD", "torch.optim.SGD의 식"),
    "held_is_momentum": (
        "the formula of torch.optim.SGD with momentum",
        "모멘텀 있는 torch.optim.SGD의 식",
    ),
    "held_is_adam": ("the formula of torch.optim.Adam", "torch.optim.Adam의 식"),
    "variant_momentum_averaged": (
        "momentum as a running mean, (1 - mu) g (torch adds g whole: its rate is 1 / (1 - mu) times larger)",
        "(1 - mu) g 를 더하는 이동평균 모멘텀 (torch는 g를 그대로 더해 학습률이 1 / (1 - mu)배인 셈)",
    ),
    "variant_nesterov": ("Nesterov momentum", "네스테로프 모멘텀"),
    "variant_epsilon_inside_root": ("epsilon inside the root", "루트 안의 epsilon"),
    "variant_epsilon_before_correction": (
        "epsilon added before the bias correction",
        "편향 보정 전에 더한 epsilon",
    ),
    "variant_epsilon_in_uncorrected_root": (
        "epsilon inside the root, before the bias correction",
        "편향 보정 전 루트 안의 epsilon",
    ),
    "fault_zero_grad_missing": (
        "gradients are not cleared between steps, so each step adds all earlier gradients to its own and the updates grow stale and too large; call optimizer.zero_grad() before backward().",
        "스텝 사이에 기울기를 비우지 않아, 지난 기울기가 모두 더해지고 갱신이 낡고 커집니다. backward() 앞에서 optimizer.zero_grad()를 부르세요.",
    ),
    "fault_zero_grad_after_backward": (
        "zero_grad() stands between backward() and step(), so the step sees no gradient and nothing is learned; clear before backward().",
        "zero_grad()가 backward()와 step() 사이에 있어, 스텝이 볼 기울기가 없고 아무것도 학습되지 않습니다. backward() 앞으로 옮기세요.",
    ),
    "fault_step_missing": (
        "gradients are computed and optimizer.step() is never called, so no weight changes; call it after backward().",
        "기울기만 계산하고 optimizer.step()을 부르지 않아 가중치가 바뀌지 않습니다. backward() 뒤에 부르세요.",
    ),
    "fault_backward_missing": (
        "loss.backward() is never called, so there is no gradient and nothing is learned; call it before optimizer.step().",
        "loss.backward()를 부르지 않아 기울기가 없고 아무것도 학습되지 않습니다. optimizer.step() 앞에서 부르세요.",
    ),
    "fault_step_before_backward": (
        "optimizer.step() comes before backward(), so it moves by no gradient or by the last batch's; call backward() first.",
        "optimizer.step()이 backward()보다 먼저라, 기울기가 없거나 지난 배치의 기울기로 움직입니다. backward()를 먼저 부르세요.",
    ),
    "fault_step_outside_loop": (
        "gradients of some batches are cleared before any step uses them, so most of the data teaches nothing; call optimizer.step() for each batch, inside the loop.",
        "어떤 배치의 기울기는 쓰이기 전에 지워져, 데이터 대부분이 학습에 쓰이지 않습니다. 배치마다 반복문 안에서 optimizer.step()을 부르세요.",
    ),
    "fault_return_inside_loop": (
        "the loop ends after the first batch of an epoch, so the other data is never seen; check the indentation of return or break.",
        "에폭마다 첫 배치에서 반복이 끝나 나머지 데이터를 보지 못합니다. return이나 break의 들여쓰기를 확인하세요.",
    ),
    "fault_trains_on_test": (
        "the model learns from data that is meant for testing, so its score there says nothing about new data; only evaluate on it, under torch.no_grad().",
        "테스트용 데이터로 모델을 학습시켜, 그 점수가 새 데이터에 대해 말해 주는 것이 없습니다. torch.no_grad() 아래에서 평가만 하세요.",
    ),
    "fault_train_mode_not_restored": (
        "after validation the model stays in eval mode, so from then on dropout is off and batch norm's statistics stand still while it learns; call model.train() at the head of each epoch.",
        "검증 뒤에 모델이 eval 모드로 남아, 이후 학습에서 드롭아웃이 꺼지고 배치 정규화 통계가 멈춥니다. 에폭마다 처음에 model.train()을 부르세요.",
    ),
    "fault_trains_in_eval_mode": (
        "the model learns in eval mode, so dropout is off and batch norm's statistics stand still; call model.train() before the loop over the training data.",
        "eval 모드에서 학습하여 드롭아웃이 꺼지고 배치 정규화 통계가 멈춥니다. 학습 반복문 앞에서 model.train()을 부르세요.",
    ),
    "fault_never_eval": (
        "the model is evaluated in train mode, so dropout falsifies the result and batch norm learns from the validation data; call model.eval() before it and model.train() after it.",
        "train 모드에서 평가하여 드롭아웃이 결과를 흐리고 배치 정규화가 검증 데이터로 통계를 바꿉니다. 평가 앞에서 model.eval(), 뒤에서 model.train()을 부르세요.",
    ),
    "fault_softmax_before_cross_entropy": (
        "the loss gets probabilities, and cross entropy applies softmax itself, so it is applied twice and gradients shrink; hand it the logits.",
        "교차 엔트로피가 소프트맥스를 스스로 하는데 확률을 넘겨, 두 번 적용되고 기울기가 작아집니다. 로짓을 넘기세요.",
    ),
    "fault_sigmoid_before_cross_entropy": (
        "the loss gets sigmoids, and cross entropy applies softmax to them, so no class can come near probability 1 and gradients shrink; hand it the logits.",
        "교차 엔트로피에 시그모이드 값을 넘겨, 어떤 클래스도 확률 1에 가까워질 수 없고 기울기가 작아집니다. 로짓을 넘기세요.",
    ),
    "fault_nll_without_log_softmax": (
        "nll_loss expects log-probabilities and gets something else, so the loss has no lower bound and means nothing; apply log_softmax, or use cross entropy on the logits.",
        "nll_loss는 로그 확률을 받아야 하는데 다른 값을 받아, 손실이 뜻을 잃고 끝없이 내려갑니다. log_softmax를 하거나 로짓에 교차 엔트로피를 쓰세요.",
    ),
    "fault_graph_kept": (
        "losses or outputs are collected with their graphs, so the memory of every batch is kept and the epoch ends out of memory; collect loss.item() or x.detach().",
        "손실이나 출력을 계산 그래프째 모아, 배치마다 메모리가 쌓여 부족해집니다. loss.item()이나 x.detach()를 모으세요.",
    ),
    "fault_last_batch_loss_reported": (
        "the loss that is reported is the last batch's, not the mean of the epoch, so the curve is noise; add up loss.item() and divide by the number of batches.",
        "보고하는 손실이 에폭 평균이 아니라 마지막 배치의 값이라 곡선이 들쭉날쭉합니다. loss.item()을 더해 배치 수로 나누세요.",
    ),
    "fault_last_batch_accuracy_reported": (
        "the accuracy that is reported is the last batch's, not that of all samples; add up the hits and divide by the number of samples.",
        "보고하는 정확도가 전체가 아니라 마지막 배치의 값입니다. 맞은 수를 모두 더해 샘플 수로 나누세요.",
    ),
    "fault_loss_divided_by_samples": (
        "batch means are added up and divided by the number of samples, so the loss that is reported is too small by the batch size; divide by the number of batches, or weigh each mean by its batch.",
        "배치 평균을 더해 샘플 수로 나누어, 보고하는 손실이 배치 크기만큼 작습니다. 배치 수로 나누거나 배치 크기를 곱해 더하세요.",
    ),
    "fault_loss_divided_by_batches": (
        "losses weighed by batch size are divided by the number of batches, so the loss that is reported is too large by the batch size; divide by the number of samples.",
        "배치 크기를 곱해 더한 손실을 배치 수로 나누어, 보고하는 손실이 배치 크기만큼 큽니다. 샘플 수로 나누세요.",
    ),
    "fault_accuracy_by_batches": (
        "the number of hits is divided by the number of batches, so the accuracy that is reported can pass 1; divide by the number of samples.",
        "맞은 수를 배치 수로 나누어 보고하는 정확도가 1을 넘을 수 있습니다. 샘플 수로 나누세요.",
    ),
    "fault_accuracy_divided_by_batch_size": (
        "the hits of all batches are divided by the size of one, so the accuracy that is reported can pass 1; divide by the number of samples.",
        "모든 배치의 맞은 수를 한 배치의 크기로 나누어 보고하는 정확도가 1을 넘을 수 있습니다. 샘플 수로 나누세요.",
    ),
    "fault_ascent": (
        "the step goes up the gradient, so the loss grows; subtract the update.",
        "기울기를 따라 올라가 손실이 커집니다. 갱신량을 빼세요.",
    ),
    "fault_not_in_place": (
        "the step makes new tensors and leaves the parameters as they were, so the model never changes; change them in place, under torch.no_grad().",
        "새 텐서만 만들고 매개변수는 그대로라 모델이 바뀌지 않습니다. torch.no_grad() 아래에서 제자리에서 바꾸세요.",
    ),
    "fault_lr_applied_twice": (
        "the learning rate is multiplied twice, so steps are far too small; multiply once.",
        "학습률을 두 번 곱해 스텝이 너무 작습니다. 한 번만 곱하세요.",
    ),
    "fault_state_shared_between_parameters": (
        "all parameters share one running state, so each is moved by the gradients of the others; keep a state for each parameter.",
        "모든 매개변수가 상태 하나를 나누어 써 서로의 기울기로 움직입니다. 매개변수마다 상태를 따로 두세요.",
    ),
    "fault_momentum_not_kept": (
        "the running mean begins at zero in every step, so there is no momentum at all; keep it from step to step.",
        "이동평균이 스텝마다 0에서 시작해 모멘텀이 없는 것과 같습니다. 스텝 사이에 보관하세요.",
    ),
    "fault_momentum_unused": (
        "the step takes the bare gradient and the running mean is never used, so there is no momentum; step along the running mean.",
        "이동평균을 계산하고도 기울기만 써 모멘텀이 없습니다. 이동평균을 따라 움직이세요.",
    ),
    "fault_momentum_never_decays": (
        "old gradients never fade from the velocity, so it grows without end; multiply the velocity by the momentum.",
        "속도에서 옛 기울기가 사라지지 않아 끝없이 커집니다. 속도에 모멘텀을 곱하세요.",
    ),
    "fault_momentum_on_gradient": (
        "the momentum multiplies the gradient and not the velocity, which then never fades; write v = momentum * v + g.",
        "모멘텀을 속도가 아니라 기울기에 곱해 속도가 사라지지 않습니다. v = momentum * v + g 로 쓰세요.",
    ),
    "fault_velocity_stale": (
        "the step uses the velocity from before this gradient, so it is always one step late; update the velocity first.",
        "이번 기울기를 더하기 전의 속도를 써 늘 한 스텝 늦습니다. 속도를 먼저 갱신하세요.",
    ),
    "fault_bias_correction_missing": (
        "a running mean that began at zero is used uncorrected, so the first steps have the wrong size; divide m by 1 - beta1**t and v by 1 - beta2**t.",
        "0에서 시작한 이동평균을 보정 없이 써 처음 스텝들의 크기가 틀립니다. m은 1 - beta1**t, v는 1 - beta2**t 로 나누세요.",
    ),
    "fault_bias_correction_one_beta": (
        "both running means are corrected with the same beta, so the size of the first steps is wrong; use beta1 for m and beta2 for v.",
        "두 이동평균을 같은 beta로 보정해 처음 스텝들의 크기가 틀립니다. m에는 beta1, v에는 beta2를 쓰세요.",
    ),
    "fault_bias_correction_not_a_power": (
        "the bias correction does not raise beta to the power of the step, so it never fades; divide by 1 - beta**t.",
        "편향 보정에서 beta의 t제곱을 쓰지 않아 보정이 사라지지 않습니다. 1 - beta**t 로 나누세요.",
    ),
    "fault_bias_correction_kept": (
        "the corrected mean is kept as the running mean, so it is corrected again in every step; keep m and v as they are and correct copies.",
        "보정한 값을 이동평균으로 보관해 스텝마다 다시 보정됩니다. m과 v는 그대로 두고 사본을 보정하세요.",
    ),
    "fault_step_not_counted": (
        "the step count stays where it is, so the bias correction of the first step is made forever; count up in every step.",
        "스텝 수가 늘지 않아 첫 스텝의 편향 보정이 계속됩니다. 스텝마다 1씩 늘리세요.",
    ),
    "fault_step_counted_late": (
        "the step count is 0 in the first step, where the bias correction divides by zero; count up before using it.",
        "첫 스텝의 스텝 수가 0이라 편향 보정이 0으로 나눕니다. 쓰기 전에 늘리세요.",
    ),
    "fault_step_counted_early": (
        "the step count is 2 in the first step, so the bias correction is too weak; begin at 1.",
        "첫 스텝의 스텝 수가 2라 편향 보정이 약합니다. 1에서 시작하세요.",
    ),
    "fault_step_counted_per_parameter": (
        "the step count grows with every parameter, so the bias correction differs from one to the next; count once a step.",
        "스텝 수가 매개변수마다 늘어 편향 보정이 서로 다릅니다. 스텝에 한 번만 늘리세요.",
    ),
    "fault_betas_swapped": (
        "the decay rates stand in each other's place, so the running mean remembers what it should forget; let the old value have beta and the new one 1 - beta, beta1 for m and beta2 for v.",
        "감쇠율의 자리가 바뀌어 이동평균이 잊을 것을 기억합니다. 옛 값에 beta, 새 값에 1 - beta를, m에는 beta1, v에는 beta2를 쓰세요.",
    ),
    "fault_one_beta_for_both": (
        "m and v decay with the same beta, so one of the running means has the wrong memory; use beta1 for m and beta2 for v.",
        "m과 v가 같은 beta로 감쇠해 한쪽 이동평균의 기억이 틀립니다. m에는 beta1, v에는 beta2를 쓰세요.",
    ),
    "fault_second_moment_not_squared": (
        "the second moment is a mean of gradients that are not squared, so the steps have the wrong size; use g * g.",
        "2차 모멘트에 제곱하지 않은 기울기를 넣어 스텝 크기가 틀립니다. g * g 를 쓰세요.",
    ),
    "fault_second_moment_of_mean": (
        "the second moment is of the running mean and not of the gradient, so the steps have the wrong size; use g * g.",
        "2차 모멘트에 기울기가 아니라 이동평균의 제곱을 넣어 스텝 크기가 틀립니다. g * g 를 쓰세요.",
    ),
    "fault_moment_not_averaged": (
        "the gradient enters a running mean whole, without 1 - beta, so the mean is too large; write beta * m + (1 - beta) * g.",
        "이동평균에 1 - beta를 곱하지 않은 기울기를 더해 너무 큽니다. beta * m + (1 - beta) * g 로 쓰세요.",
    ),
    "fault_root_missing": (
        "the step is divided by the second moment and not by its root, so small gradients make huge steps; take the root.",
        "2차 모멘트의 제곱근이 아니라 그 값으로 나누어 작은 기울기가 큰 스텝이 됩니다. 제곱근을 쓰세요.",
    ),
    "fault_epsilon_missing": (
        "there is no epsilon below the line, so a parameter without gradient becomes NaN; add it to the root.",
        "분모에 epsilon이 없어 기울기가 0인 매개변수가 NaN이 됩니다. 제곱근에 더하세요.",
    ),
    "fault_velocity_aliases_gradient": (
        "the running state is p.grad itself and not a copy, so clearing or refilling the gradient changes it; keep p.grad.clone().",
        "상태로 p.grad의 사본이 아니라 p.grad 자체를 보관해, 기울기를 비우거나 다시 채우면 상태도 바뀝니다. p.grad.clone()을 보관하세요.",
    ),
    "fault_stops_at_missing_gradient": (
        "a parameter without gradient ends the step, so those after it are never updated; skip it and go on.",
        "기울기가 없는 매개변수에서 스텝이 끝나 그 뒤의 매개변수가 갱신되지 않습니다. 그것만 건너뛰고 계속하세요.",
    ),
    "fault_accuracy_broadcast": (
        "predictions and labels of different shapes, [N, 1] and [N], are compared, which makes [N, N] of them and counts far too many hits; give both one shape.",
        "모양이 다른 예측과 라벨 ([N, 1]과 [N])을 비교해 [N, N]이 되고 맞은 수가 너무 많이 세어집니다. 같은 모양으로 맞추세요.",
    ),
    "fault_optimizer_rebuilt": (
        "the optimizer is made anew in every epoch, so its moments and step count start from nothing each time; make it once, before the loop.",
        "에폭마다 옵티마이저를 새로 만들어 모멘트와 스텝 수가 매번 처음부터 시작합니다. 반복문 앞에서 한 번만 만드세요.",
    ),
    "fault_update_differs": (
        "the parameters differ from those of {torch} from step {step} on, and no single known fault explains it; compare the formulas.",
        "{step}번째 스텝부터 매개변수가 {torch} 와 다르며, 알려진 한 가지 잘못으로는 설명되지 않습니다. 식을 비교하세요.",
    ),
    "fault_gradient_not_cleared": (
        "zero_grad() leaves the gradients as they are, so every step adds the old ones to its own; set p.grad to None or zero.",
        "zero_grad()를 불러도 기울기가 남아 스텝마다 옛 기울기가 더해집니다. p.grad를 None이나 0으로 두세요.",
    ),
    "fault_parameters_run_out": (
        "model.parameters() can be gone through only once and is kept as it is, so from the second loop on there is no parameter and nothing moves; keep list(params).",
        "한 번만 돌 수 있는 model.parameters()를 그대로 보관해, 두 번째부터는 매개변수가 없어 아무것도 움직이지 않습니다. list(params)로 보관하세요.",
    ),
}
