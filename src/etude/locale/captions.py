"""What stands under each picture, in English and Korean: `NAME.title` and `NAME.alt`."""

from etude.locale.notices import NOTICES

CAPTIONS: dict[str, tuple[str, str]] = {
    **NOTICES,
    "sample.test": ("test sample {index}", "테스트 샘플 {index}"),
    "sample.worst": (
        "test sample {index}, its surest mistake",
        "테스트 샘플 {index}, 가장 확신한 오답",
    ),
    "shapes.title": ("The walk of shapes", "모양의 흐름"),
    "shapes.alt": (
        "Each step of the forward pass: the shape it gives, its parameters ({parameters:,} in "
        "all), multiply-adds for one sample ({multiply_adds:,} in all), and statistics of its "
        "outputs over {count:# sample}. {dead}",
        "순전파의 각 단계: 나오는 모양, 매개변수(모두 {parameters:,}개), 샘플 하나의 곱셈-덧셈"
        "(모두 {multiply_adds:,}번), 샘플 {count}개에 대한 출력의 통계. {dead}",
    ),
    "shapes.dead": (
        "Dead after an activation: {count} of {units:# unit}, the same for every sample.",
        "활성화 뒤에 죽은 유닛: {units}개 가운데 {count}개, 모든 샘플에서 값이 같았음.",
    ),
    "shapes.alive": (
        "No unit is dead after an activation.",
        "활성화 뒤에 죽은 유닛 없음.",
    ),
    "curves.title": ("How it learned", "학습 과정"),
    "curves.alt": (
        "Loss and {goal} by epoch, over {epochs:# epoch}; raw values, nothing smoothed.",
        "{epochs} 에폭 동안의 손실과 {goal}. 다듬지 않은 값.",
    ),
    "confusion.title": ("What it confuses", "무엇을 혼동하는가"),
    "confusion.alt": (
        "Confusion matrix of {count:# test sample}: true class down, class said across. Right "
        "answers "
        "and errors differ in colour, the stronger the larger their share of the true class (by "
        "its "
        "square root).",
        "테스트 샘플 {count}개의 혼동 행렬: 세로가 정답, 가로가 답. 정답과 오답은 색이 다르고, "
        "정답 "
        "클래스에서 차지하는 비율(제곱근)이 클수록 진함.",
    ),
    "confusion.many": (
        "Counts are not written into the cells: there are {classes:# class}.",
        "클래스가 {classes}개라 칸에 개수를 쓰지 않음.",
    ),
    "confusion.named": (
        "In cells off the diagonal, the surest {named:# sample} by number (etude look --sample).",
        "대각선 밖의 칸에는 가장 확신한 샘플 {named}개까지의 번호(etude look --sample).",
    ),
    "mistakes.title": ("Its surest mistakes", "가장 확신한 오답"),
    "mistakes.alt": (
        "The {shown} surest of {count:# mistake} on {total:# test sample}, the surest first.",
        "테스트 샘플 {total}개 중 오답 {count}개 가운데 가장 확신한 {shown}개.",
    ),
    "surest.title": ("Its surest right answers", "가장 확신한 정답"),
    "surest.alt": (
        "The {shown} surest of {count:# right answer} on {total:# test sample}.",
        "테스트 샘플 {total}개 중 정답 {count}개 가운데 가장 확신한 {shown}개.",
    ),
    "fitted.title": ("The fitted function", "맞춘 함수"),
    "fitted.alt": (
        "The fitted function over {points:# test point}.",
        "테스트 데이터 {points}개와 맞춘 함수.",
    ),
    "forecast.title": ("A forecast", "예측 하나"),
    "forecast.alt": (
        "{name}: the network's forecast and the naive one ({what}) beside what came.",
        "{name}: 신경망의 예측과 단순 예측({what}), 그리고 실제 값.",
    ),
    "filmstrip.title": ("Learning from noise", "잡음에서 배우기"),
    "filmstrip.alt": (
        "The same {columns:# draw} of noise decoded at {rows:# moment} of training.",
        "같은 잡음 {columns}개를 학습 중 {rows}번 디코딩한 그림.",
    ),
    "reconstructions.title": ("Coded and decoded", "인코딩과 디코딩"),
    "reconstructions.alt": (
        "{count:# test image} and their copies; mean squared error {error:.4f} in [-1, 1].",
        "테스트 이미지 {count}장과 그 복원. 평균 제곱 오차 {error:.4f} ([-1, 1] 기준).",
    ),
    "attention.title": ("What attends to what", "무엇이 무엇에 어텐션하는가"),
    "attention.alt": (
        "{name}: the weights of {heads:# head} in {layers:# layer}, before dropout; a row is a "
        "query and sums to 1 (largest deviation {deviation:.0e}). One scale for all.",
        "{name}: 층 {layers}개, 헤드 {heads}개의 가중치(드롭아웃 전). 한 줄이 질의 하나이고 "
        "합은 1(최대 오차 {deviation:.0e}). 모두 같은 눈금.",
    ),
    "weights.title": ("Weights and gradients", "가중치와 기울기"),
    "weights.alt": (
        "The size of weights and gradients in {layers} of {total:# layer}, from the start to epoch "
        "{epochs}: the median, and the bands that hold 50 and 90 % of what is not zero. Gradients "
        "are computed in eval mode, on the same validation samples.",
        "처음부터 {epochs} 에폭까지 {total}개 층 가운데 {layers}개의 가중치와 기울기의 크기: "
        "중앙값, "
        "그리고 0이 아닌 값의 50%와 90%가 들어 있는 띠. 기울기는 평가 모드에서 같은 검증 샘플로 "
        "계산.",
    ),
    "calibration.title": ("How sure, and how right", "확신과 정확도"),
    "calibration.alt": (
        "Reliability over {count:# test sample}: in each bin of sureness, the share that was right "
        "with its 95 % interval; below, how many samples the bin has.",
        "테스트 샘플 {count}개의 신뢰도: 확신 구간마다 정답률과 95% 신뢰구간, 아래는 구간의 샘플 "
        "수.",
    ),
    "attributions.title": ("What spoke for the answer", "답의 근거가 된 부분"),
    "attributions.alt": (
        "{names}: what spoke for (positive) and against {what}. Integrated gradients from the "
        "training mean add up to the answer's change within {delta:.2g}; occlusion hides a part at "
        "a time.",
        "{names}: {what}에 대한 찬성(양수)과 반대(음수). 학습 평균에서 시작한 적분 기울기의 합과 "
        "답의 변화의 차이는 {delta:.2g}. 가림법은 한 번에 한 부분을 가림.",
    ),
    "attributions.scale.one": ("All bars have one scale.", "막대는 모두 같은 눈금."),
    "attributions.scale.own": (
        "Each map has its own scale, beside it.",
        "맵마다 눈금이 따로 있고 옆에 표시.",
    ),
    "attributions.classify": ("the class said", "답한 클래스"),
    "attributions.regress": ("a high value", "높은 값"),
    "attributions.forecast": (
        "a high forecast, as the network's change of the naive one",
        "높은 예측(단순 예측에 더한 변화)",
    ),
    "first-layer.title": ("What the first layer looks for", "첫 층이 찾는 것"),
    "first-layer.alt": (
        "Weights of the {shown} of {count} first-layer units that weigh most, as images, on one "
        "scale.",
        "첫 층 유닛 {count}개 가운데 가중치가 큰 {shown}개를 그림으로, 같은 눈금.",
    ),
    "filters.title": ("Filters by layer", "층별 필터"),
    "filters.alt": (
        "Up to {shown:# filter} in each of {layers:# layer}, the largest first: of each the slice "
        "for the channel that it weighs most.",
        "{layers}개 층의 필터, 층마다 큰 것부터 {shown}개까지. 가장 크게 보는 채널의 단면.",
    ),
    "features.title": ("Feature maps by layer", "층별 특징 맵"),
    "features.alt": (
        "{name}: the {shown:# map} that answer most in each of {layers:# layer}.",
        "{name}: {layers}개 층마다 가장 강하게 반응한 맵 {shown}개.",
    ),
    "class-map.title": ("Where it looks for a class", "클래스를 찾는 곳"),
    "class-map.alt": (
        "Class activation maps (Grad-CAM) of {names}: for the class said, and for the true one or "
        "the runner-up, on the scale beside them. The line in the picture is where the first map "
        "is "
        "at half of its largest value.",
        "{names}의 클래스 활성화 맵(Grad-CAM): 답한 클래스, 그리고 정답 또는 둘째 클래스, 옆의 "
        "같은 "
        "눈금. 그림 위의 선은 첫 맵이 최댓값의 절반인 곳.",
    ),
    "units.title": ("What a unit answers to", "유닛이 반응하는 것"),
    "units.alt": (
        "The {shown} of {total:# test sample} that each of {units:# unit} answers to most; a ring "
        "marks where in the picture, for feature maps.",
        "테스트 샘플 {total}개 가운데 유닛 {units}개가 각각 가장 강하게 반응한 {shown}개. 특징 "
        "맵은 "
        "그림의 어디인지 고리로 표시.",
    ),
    "gates.title": ("Gates and states over time", "시간에 따른 게이트와 상태"),
    "gates.alt": (
        "{name}, {steps:# step}, {layers:# layer}: input, forget and output gate (0 closed, 1 "
        "open), cell candidate and hidden state (-1 to 1), and cell state. Units are sorted by "
        "their cell state at the last step.",
        "{name}, {steps}단계, {layers}개 층: 입력·망각·출력 게이트(0 닫힘, 1 열림), 셀 후보와 은닉 "
        "상태(-1에서 1), 셀 상태. 유닛은 마지막 단계의 셀 상태 순서.",
    ),
    "hidden-steps.title": ("What a hidden step changes", "한 단계를 가리면 바뀌는 것"),
    "hidden-steps.alt": (
        "{name}: how the answer changes when one step is replaced by the training mean.",
        "{name}: 한 단계를 학습 평균으로 바꿀 때 답의 변화.",
    ),
    "class-token.title": ("Where the class token looks", "클래스 토큰이 보는 곳"),
    "class-token.alt": (
        "{name}: the class token's attention to each patch in {layers:# layer} (mean of "
        "{heads:# head}), its rollout through all, and each head of the last layer; a row has one "
        "scale. "
        "The "
        "line in the picture is where the rollout is at half of its largest value.",
        "{name}: {layers}개 층에서 클래스 토큰이 각 패치에 주는 어텐션(헤드 {heads}개의 평균), "
        "전체 "
        "롤아웃, 마지막 층의 각 헤드. 한 줄은 같은 눈금. 그림 위의 선은 롤아웃이 최댓값의 절반인 "
        "곳.",
    ),
    "positions.title": ("Positions it has learned", "학습한 위치"),
    "positions.alt": (
        "Each of {count} learned positions: how alike it is to all others (cosine), laid out as "
        "the patches are.",
        "학습한 위치 {count}개 각각이 다른 위치와 얼마나 비슷한지(코사인), 패치와 같은 배열.",
    ),
    "latent.title": ("The space of codes", "코드 공간"),
    "latent.alt": (
        "Codes of {count:# test image}, {width:# number} each, in a plane with {share:.0%} of "
        "their variance, by class (colour and shape); rings are the prior's.",
        "테스트 이미지 {count}장의 코드(숫자 {width}개씩)를 분산의 {share:.0%}인 평면에 "
        "클래스별로. "
        "고리는 사전 분포.",
    ),
    "decoded-grid.title": ("Decoded across the plane", "평면을 가로지르는 디코딩"),
    "decoded-grid.alt": (
        "{side} by {side:# point} of the plane (with {share:.0%} of the codes' variance), decoded, "
        "up to {reach:.0f} standard deviations of the prior.",
        "평면(코드 분산의 {share:.0%})의 점 {side} x {side}개를 디코딩한 그림, 사전 분포 "
        "표준편차의 {reach:.0f}배까지.",
    ),
    "walk.title": ("From one image to another", "한 이미지에서 다른 이미지로"),
    "walk.alt": (
        "{walks:# walk} of {steps:# step} between two codes, decoded; the images themselves at the "
        "ends.",
        "두 코드 사이를 {steps}단계로 걷는 길 {walks}개의 디코딩. 양 끝은 원래 이미지.",
    ),
    "prior.title": ("Codes against the prior", "코드와 사전 분포"),
    "prior.alt": (
        "{shown} of {width:# number} of {count:# code}, and the prior's density. Energy distance "
        "{distance:.3g}, {ratio:.2f} times that of two draws of the prior.",
        "코드 {count}개의 숫자 {width}개 가운데 {shown}개와 사전 분포의 밀도. 에너지 거리 "
        "{distance:.3g}, 사전 분포 표본 둘 사이의 {ratio:.2f}배.",
    ),
    "critic.title": ("The discriminator's view", "판별자의 시각"),
    "critic.alt": (
        "What the discriminator says of codes and of draws of the prior; it is right in "
        "{right:.0%} (50% is a guess).",
        "코드와 사전 분포 표본에 대한 판별자의 답. 정답률 {right:.0%} (50%는 찍기와 같음).",
    ),
}
