"""What first aid answers, in English and Korean."""

FIRST_AID: dict[str, tuple[str, str]] = {
    "aid.lr": ("Suggested learning rate: {rate}.", "권장 학습률: {rate}."),
    "aid.lr.falls": (
        "The loss falls fastest between {low} and {high}.",
        "손실은 {low} ~ {high}에서 가장 빠르게 줄어듦.",
    ),
    "aid.lr.grows": (
        "It is lowest at {lowest} and grows above {grows}.",
        "손실은 {lowest}에서 가장 낮고 {grows} 위에서는 커짐.",
    ),
    "aid.lr.flat": (
        "It is lowest at {lowest} and does not grow up to {top}, the highest rate tried.",
        "손실은 {lowest}에서 가장 낮고, 시도한 가장 높은 학습률 {top}까지 커지지 않음.",
    ),
    "aid.lr.next": ("Next: train with --lr {rate}.", "다음: --lr {rate}로 학습."),
    "aid.lr.title": ("Learning rate test", "학습률 검사"),
    "aid.lr.alt": (
        "Loss of each step while the learning rate rises from {first} to {last} in {steps:# step}, "
        "and its smoothed curve; the suggestion, {rate}, is marked.",
        "학습률을 {first}에서 {last}까지 {steps}단계로 올릴 때의 손실과 다듬은 곡선. 권장 학습률 "
        "{rate}을 표시.",
    ),
    "aid.overfit.yes": (
        "Learned one batch: yes, loss {first} -> {last} in {steps:# step}.",
        "배치 하나를 학습함: 예. 손실 {first} -> {last}, {steps}단계.",
    ),
    "aid.overfit.no": (
        "Learned one batch: no, loss {first} -> {last} in {steps:# step}; {wanted} or less was "
        "expected.",
        "배치 하나를 학습함: 아니요. 손실 {first} -> {last}, {steps}단계({wanted} 이하여야 함).",
    ),
    "aid.overfit.next": (
        "Next: the model and its loss can fit these data, so train on all of them.",
        "다음: 모델과 손실이 이 데이터를 맞출 수 있으므로 전체 데이터로 학습.",
    ),
    "aid.overfit.mend": (
        "Next: find a learning rate first (--first-aid lr). If no rate helps, look at the labels "
        "(equal samples with different labels?), the scale of the inputs, and a larger model: a "
        "network that cannot fit one batch will not learn from more.",
        "다음: 먼저 학습률을 찾기(--first-aid lr). 어떤 학습률로도 안 되면 라벨(같은 샘플에 다른 "
        "라벨?), 입력의 크기, 더 큰 모델을 확인. 배치 하나도 맞추지 못하는 신경망은 데이터를 더 "
        "주어도 배우지 못함.",
    ),
    "aid.overfit.title": ("Learning one batch", "배치 하나 학습하기"),
    "aid.overfit.alt": (
        "Loss of {steps:# step} on one batch, from {first} to {last}; below the dashed line, a "
        "tenth of the first loss, the batch counts as learned.",
        "배치 하나에 대한 {steps}단계의 손실, {first}에서 {last}까지. 점선(첫 손실의 10분의 1) "
        "아래면 학습한 것으로 봄.",
    ),
    "aid.dry.step": (
        "One step works ({seconds} s).",
        "한 단계를 문제없이 실행함({seconds}초).",
    ),
    "aid.dry.phase": (
        "{phase}: loss {loss}, gradient norm {norm}.",
        "{phase}: 손실 {loss}, 기울기 노름 {norm}.",
    ),
    "aid.dry.all": (
        "Every parameter received a gradient.",
        "모든 매개변수에 기울기가 도달함.",
    ),
    "aid.dry.some": (
        "{count:# parameter tensor} received no gradient: {names}.",
        "매개변수 텐서 {count}개에 기울기가 도달하지 않음: {names}.",
    ),
    "aid.dry.mend": (
        "That is right where a layer starts at zero, as a ViT's head does, because nothing below "
        "it gets a gradient in the first step. Elsewhere these parameters are not part of the "
        "loss, and will not learn.",
        "ViT의 헤드처럼 0에서 시작하는 층이 있으면 정상: 첫 단계에는 그 아래로 기울기가 가지 않음. "
        "그 밖에는 이 매개변수가 손실에 쓰이지 않아 학습되지 않음.",
    ),
    "aid.dry.next": (
        "Next: see whether it can learn one batch (--first-aid overfit).",
        "다음: 배치 하나를 학습할 수 있는지 확인(--first-aid overfit).",
    ),
    "aid.saved": ("Picture: {path}", "그림: {path}"),
}
