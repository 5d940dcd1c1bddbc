"""What holds for every role: verdicts, why something could not be judged, faults of any module."""

GENERAL: dict[str, tuple[str, str]] = {
    "check_right": (
        "{name} is right: {role} that agrees with its reference.",
        "{name}: 맞습니다. {role}, 기준 구현과 일치합니다.",
    ),
    "check_unknown": ("{name} could not be judged.", "{name}: 판정하지 못했습니다."),
    "check_no_role": (
        "{name}: neither name nor signature tells what this should be; say it with --as ROLE.",
        "{name}: 이름으로도 서명으로도 무엇인지 알 수 없습니다. --as ROLE 로 알려 주세요.",
    ),
    "check_no_name": (
        "{name}: the file defines no class or function of this name (it has: {names}).",
        "{name}: 파일에 이런 이름의 클래스나 함수가 없습니다 (있는 것: {names}).",
    ),
    "check_no_python": ("{file}: not a Python file.", "{file}: 파이썬 파일이 아닙니다."),
    "check_syntax": (
        "{name}: line {line} is not Python ({error}).",
        "{name}: {line}번째 줄이 파이썬 문법에 맞지 않습니다 ({error}).",
    ),
    "check_import": (
        "{name}: importing the file fails at line {line} ({error}).",
        "{name}: 파일을 불러오다가 {line}번째 줄에서 실패합니다 ({error}).",
    ),
    "check_crashed": (
        "{name}: line {line} raises {error} (called with {shapes}).",
        "{name}: {line}번째 줄에서 오류가 납니다: {error} (입력: {shapes}).",
    ),
    "check_no_match": (
        "{name}: it is none of the usual forms, and what was tried does not explain it; the first step that was not found is {step}, after line {line}.",
        "{name}: 흔한 형태가 아니며 시도한 것으로 설명되지 않습니다. 처음 찾지 못한 단계는 {step} 입니다 ({line}번째 줄 다음).",
    ),
    "check_no_product": (
        "{name}: no products with weights were found that could be {what}.",
        "{name}: {what} 에 해당하는 가중치 곱을 찾지 못했습니다.",
    ),
    "check_construct": (
        "{name}: {call} raises {error} (line {line}).",
        "{name}: {call} 에서 오류가 납니다: {error} ({line}번째 줄).",
    ),
    "check_adapter": (
        "{name}: the adapter's build() raises {error} (line {at} of the adapter).",
        "{name}: 어댑터의 build()에서 오류가 납니다: {error} (어댑터의 {at}번째 줄).",
    ),
    "check_ask": (
        "{name}: what is {parameter}? I would call {call}. Give it: etude check FILE:{name} {parameter}=VALUE",
        "{name}: {parameter} 의 뜻을 모르겠습니다. {call} 로 부르려 합니다. 값을 주세요: etude check FILE:{name} {parameter}=VALUE",
    ),
    "check_no_such": (
        "{name}: {call} takes no {parameter}.",
        "{name}: {call} 에는 {parameter} 인자가 없습니다.",
    ),
    "check_call": (
        "{name}: it is called as {call}, and {wanted} was expected; an --adapter can translate.",
        "{name}: 호출 형식이 {call} 입니다. {wanted} 이어야 합니다. --adapter 로 맞출 수 있습니다.",
    ),
    "check_shape": (
        "{name}: the output has shape {found}, and {expected} was expected.",
        "{name}: 출력의 모양이 {found} 입니다. {expected} 이어야 합니다.",
    ),
    "fault_extra_activation": (
        "an activation stands where the formula has none, behind the last linear layer, so what comes out (and its gradient) is cut off or bent; leave it out.",
        "마지막 선형층 뒤, 식에 없는 자리에 활성 함수가 있습니다. 출력과 기울기가 잘리거나 휩니다. 빼세요.",
    ),
    "fault_dropout_in_eval": (
        "dropout is active in eval mode, so two predictions of the same input differ; use nn.Dropout, or pass training=self.training.",
        "eval 모드에서도 드롭아웃이 켜져 있어 같은 입력의 예측이 매번 달라집니다. nn.Dropout을 쓰거나 training=self.training을 넘기세요.",
    ),
    "fault_random_forward": (
        "the forward draws random numbers in eval mode, so two predictions of the same input differ; make what is random a parameter, or draw it in train mode alone.",
        "eval 모드의 forward가 난수를 뽑아 같은 입력의 예측이 매번 달라집니다. 그 값을 nn.Parameter로 두거나 train 모드에서만 뽑으세요.",
    ),
    "fault_layer_made_in_forward": (
        "a layer is made anew in every forward, so its weights are random each time and never learn; make it once in __init__.",
        "forward마다 층을 새로 만들어 가중치가 매번 무작위이고 학습되지 않습니다. __init__에서 한 번만 만드세요.",
    ),
    "fault_batch_first_missing": (
        "{module} is made without batch_first=True but gets [N L D], so it takes samples for steps and each sample's output depends on the others in the batch; pass batch_first=True.",
        "{module} 을 batch_first=True 없이 만들고 [N L D]를 넣어, 배치 축을 시간 축으로 읽습니다. 한 샘플의 출력이 배치의 다른 샘플에 좌우됩니다. batch_first=True를 넘기세요.",
    ),
    "fault_batch_mixed": (
        "a sample's output depends on the other samples of the batch, so predictions change with the company; compute along the other axes alone.",
        "한 샘플의 출력이 배치의 다른 샘플에 좌우되어, 함께 넣은 것에 따라 예측이 바뀝니다. 배치 축을 섞지 마세요.",
    ),
    "fault_layers_in_python_list": (
        "self.{name} is a plain Python list or dict, so parameters() does not see these layers and they are never trained, moved or saved; use nn.ModuleList or nn.ModuleDict.",
        "self.{name} 이 보통의 파이썬 리스트라 parameters()에 잡히지 않습니다. 그 층들은 학습도 저장도 되지 않습니다. nn.ModuleList를 쓰세요.",
    ),
    "fault_weight_not_registered": (
        "self.{name} is a plain tensor, so parameters() does not see it and it is never trained, moved or saved; wrap it in nn.Parameter.",
        "self.{name} 이 보통의 텐서라 parameters()에 잡히지 않습니다. 학습도 저장도 되지 않습니다. nn.Parameter로 감싸세요.",
    ),
    "fault_detached": (
        "the graph is cut here, so nothing before it gets a gradient and it never learns; leave detach, .data and no_grad out of the forward.",
        "여기서 계산 그래프가 끊겨 앞쪽은 기울기를 받지 못하고 학습되지 않습니다. forward에서 detach, .data, no_grad를 빼세요.",
    ),
    "fault_unused_parameters": (
        "{names} never get a gradient: they are declared and take no part in the output; use them or leave them out.",
        "{names} 은(는) 선언만 되고 출력에 쓰이지 않아 기울기를 받지 못합니다. 쓰거나 지우세요.",
    ),
    "fault_gradient_differs": (
        "the output is right and the gradient of {name} is not, so training moves the wrong way; look for detach, .data or an in-place change on its path.",
        "출력은 맞지만 {name} 의 기울기가 달라 학습이 잘못된 방향으로 갑니다. 그 경로의 detach, .data, 제자리 연산을 살펴보세요.",
    ),
    "fault_dtype_differs": (
        "in {dtype} the output is far from what it is in float64 or not finite; look for constants too large for the type and for tensors made in a fixed type.",
        "{dtype} 에서 출력이 float64와 크게 다르거나 유한하지 않습니다. 너무 큰 상수나 고정된 dtype을 살펴보세요.",
    ),
    "fault_differs": (
        "the output differs from the reference, first at the step {step}, and no single known fault explains it; compare that step with the formula.",
        "출력이 기준 구현과 다릅니다. 처음 달라지는 단계는 {step} 이며, 알려진 한 가지 잘못으로는 설명되지 않습니다. 그 단계를 식과 비교하세요.",
    ),
    "held_same_twice": ("the same twice in eval mode", "eval 모드에서 두 번 같음"),
    "held_batch_apart": ("samples do not mix", "샘플이 섞이지 않음"),
    "held_learns": ("every parameter gets a gradient", "모든 매개변수가 기울기를 받음"),
    "held_meant": ("your weights fit as", "가중치를 다음으로 보면 맞음:"),
    "held_outputs": ("outputs equal the reference's (float64)", "출력이 기준과 같음 (float64)"),
    "held_gradients": (
        "gradients equal the reference's (float64)",
        "기울기가 기준과 같음 (float64)",
    ),
    "held_not_in": ("does not run in", "다음에서는 실행되지 않음:"),
    "held_in_float32": ("near it in float32", "float32에서도 가까움"),
    "held_in_bfloat16": ("near it in bfloat16", "bfloat16에서도 가까움"),
}
