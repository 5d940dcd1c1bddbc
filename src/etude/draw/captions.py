"""What stands under each picture, in English and Korean: `NAME.title` and `NAME.alt`."""

CAPTIONS: dict[str, tuple[str, str]] = {
    "sample.test": ("test sample {index}", "시험 샘플 {index}"),
    "sample.worst": (
        "test sample {index}, its surest mistake",
        "시험 샘플 {index}, 가장 확신한 오답",
    ),
    "shapes.title": ("The walk of shapes", "모양의 흐름"),
    "shapes.alt": (
        "Each step of the forward pass: the shape it gives, its parameters ({parameters:,} in "
        "all), multiply-adds for one sample ({multiply_adds:,} in all), and statistics of its "
        "outputs over {count} samples. {dead}",
        "순전파의 각 단계: 나오는 모양, 매개변수(모두 {parameters:,}개), 샘플 하나의 곱셈-덧셈"
        "(모두 {multiply_adds:,}번), 샘플 {count}개에 대한 출력의 통계. {dead}",
    ),
    "shapes.dead": (
        "Dead after an activation: {count} of {units} units, which were the same for every sample.",
        "활성화 뒤에 죽은 유닛: {units}개 가운데 {count}개, 모든 샘플에서 값이 같았음.",
    ),
    "shapes.alive": (
        "No unit is dead after an activation.",
        "활성화 뒤에 죽은 유닛 없음.",
    ),
    "curves.title": ("How it learned", "학습 과정"),
    "curves.alt": (
        "Loss and {goal} by epoch, over {epochs} epochs; raw values, nothing smoothed.",
        "{epochs} 에폭 동안의 손실과 {goal}. 다듬지 않은 값.",
    ),
    "confusion.title": ("What it confuses", "무엇을 혼동하는가"),
    "confusion.alt": (
        "Confusion matrix of {count} test samples: true class down, class said across.",
        "시험 샘플 {count}개의 혼동 행렬: 세로가 정답, 가로가 답.",
    ),
    "confusion.named": (
        "In cells off the diagonal, the surest {named} samples by number (etude look --sample).",
        "대각선 밖의 칸에는 가장 확신한 샘플 {named}개까지의 번호(etude look --sample).",
    ),
    "mistakes.title": ("Its surest mistakes", "가장 확신한 오답"),
    "mistakes.alt": (
        "The {shown} surest of {count} mistakes on {total} test samples, the surest first.",
        "시험 샘플 {total}개 중 오답 {count}개 가운데 가장 확신한 {shown}개.",
    ),
    "surest.title": ("Its surest right answers", "가장 확신한 정답"),
    "surest.alt": (
        "The {shown} surest of {count} right answers on {total} test samples.",
        "시험 샘플 {total}개 중 정답 {count}개 가운데 가장 확신한 {shown}개.",
    ),
    "fitted.title": ("The fitted function", "맞춘 함수"),
    "fitted.alt": (
        "The fitted function over {points} test points.",
        "시험 데이터 {points}개와 맞춘 함수.",
    ),
    "forecast.title": ("A forecast", "예측 하나"),
    "forecast.alt": (
        "{name}: the network's forecast and the naive one ({what}) beside what came.",
        "{name}: 신경망의 예측과 단순 예측({what}), 그리고 실제 값.",
    ),
    "filmstrip.title": ("Learning from noise", "잡음에서 배우기"),
    "filmstrip.alt": (
        "The same {columns} draws of noise decoded at {rows} moments of training.",
        "같은 잡음 {columns}개를 학습 중 {rows}번 디코딩한 그림.",
    ),
    "reconstructions.title": ("Coded and decoded", "인코딩과 디코딩"),
    "reconstructions.alt": (
        "{count} test images and their copies; mean squared error {error:.4f} in [-1, 1].",
        "시험 이미지 {count}장과 그 복원. 평균 제곱 오차 {error:.4f} ([-1, 1] 기준).",
    ),
    "attention.title": ("What attends to what", "무엇이 무엇에 주목하는가"),
    "attention.alt": (
        "{name}: the weights of {heads} heads in {layers} layers, before dropout; a row is a query "
        "and sums to 1 (largest deviation {deviation:.0e}). One scale for all.",
        "{name}: 층 {layers}개, 헤드 {heads}개의 가중치(드롭아웃 전). 한 줄이 질의 하나이고 "
        "합은 1(최대 오차 {deviation:.0e}). 모두 같은 눈금.",
    ),
}
