"""The plain words at the top of a report, in English and Korean, each from its own numbers."""

SUMMARY: dict[str, tuple[str, str]] = {
    "trained": (
        "{model} ({parameters:,} parameters) on {data}: {epochs} epochs on {train:,} training "
        "samples; {val:,} kept for validation, {test:,} for one test at the end.",
        "{data} 데이터로 학습한 {model}(매개변수 {parameters:,}개): 학습 샘플 {train:,}개로 "
        "{epochs} 에폭, 검증용 {val:,}개, 마지막에 한 번 쓰는 시험용 {test:,}개.",
    ),
    "result": ("Test {goal}: {value}.", "시험 {goal}: {value}."),
    "result.interval": (
        "Test {goal}: {value} (95 % interval {low} to {high}, {count:,} samples).",
        "시험 {goal}: {value} (95 % 구간 {low} ~ {high}, 샘플 {count:,}개).",
    ),
    "better": (
        "The best baseline has {value} ({what}); this is better.",
        "가장 좋은 기준 모델은 {value}({what}). 이보다 좋음.",
    ),
    "worse": (
        "It does NOT beat the best baseline, which has {value} ({what}).",
        "가장 좋은 기준 모델의 {value}({what})를 넘지 못함.",
    ),
    "unclear": (
        "The best baseline has {value} ({what}), within the interval: no difference can be told.",
        "가장 좋은 기준 모델은 {value}({what})로 구간 안에 있음: 차이를 말할 수 없음.",
    ),
    "others": ("Other baselines: {named}.", "다른 기준 모델: {named}."),
    "thinned": ("Of the baselines: {note}.", "기준 모델에 대하여: {note}."),
    "confuses": (
        "Its commonest confusion: {true} taken for {said}, {count} of {of} ({share:.0%}). Its "
        "weakest class: {weak}, of which it finds {recall:.0%}.",
        "가장 흔한 혼동: {true}의 {of}개 중 {count}개({share:.0%})를 {said}(으)로 답함. 가장 약한 "
        "클래스: {weak}, 그중 {recall:.0%}를 찾음.",
    ),
    "confuses.nothing": (
        "It confuses none of the {count:,} test samples.",
        "시험 샘플 {count:,}개 중 혼동한 것 없음.",
    ),
    "prior": (
        "Its codes {match} the prior: their energy distance to it is {ratio:.2f} times that of two "
        "draws of the prior (2 is the limit).",
        "코드가 사전 분포와 {match}: 에너지 거리가 사전 분포 표본 둘 사이의 {ratio:.2f}배(한도 2).",
    ),
    "prior.yes": ("match", "맞음"),
    "prior.no": ("do NOT match", "맞지 않음"),
    "generated": (
        "New images lie {new:.3g} from held-out ones, which lie {real:.3g} from each other (energy "
        "distance): {times:.1f} times as far.",
        "새 이미지와 시험 이미지의 에너지 거리 {new:.3g}, 시험 이미지끼리는 {real:.3g}: "
        "{times:.1f}배.",
    ),
    "learning": (
        "Validation {goal} was best in the last epoch, {epochs}: it was still learning.",
        "검증 {goal}: 마지막 에폭 {epochs}에서 가장 좋았음. 아직 배우는 중이었음.",
    ),
    "settled": (
        "Validation {goal} was best in epoch {top} of {epochs}: it had learned what it could.",
        "검증 {goal}: {epochs} 에폭 중 {top}에서 가장 좋았음. 더는 나아지지 않았음.",
    ),
    "kept": (
        "The weights kept are those of epoch {best} of {epochs}.",
        "남긴 가중치: {epochs} 에폭 중 {best} 에폭.",
    ),
    "kept.last": (
        "The weights kept are those of the last epoch, {epochs}: with {val} validation samples, "
        "which epoch looks best is mostly luck.",
        "마지막 {epochs}번째 에폭의 가중치를 남김: 검증 샘플이 {val}개뿐이라 어느 에폭이 가장 좋아 "
        "보이는지는 우연에 가까움.",
    ),
    "overfits": (
        "Validation loss was lowest in epoch {epoch} ({low:.3g}) and {end:.3g} at the end, where "
        "training loss was {train:.3g}: it came to know the training data by heart.",
        "검증 손실: {epoch} 에폭에서 {low:.3g}로 가장 낮았고 끝에는 {end:.3g}, 학습 손실은 "
        "{train:.3g}. 학습 데이터를 외우게 됨.",
    ),
    "alone": (
        "No test sample is in the training data ({of:,} looked at); normalised by the training "
        "data alone.",
        "학습 데이터에 들어 있는 시험 샘플 없음({of:,}개 확인). 정규화는 학습 데이터만으로 함.",
    ),
    "shared": (
        "LEAK: {count:,} of {of:,} test samples are in the training data too; the test says more "
        "than is true. Normalised by the training data alone.",
        "누출: 시험 샘플 {of:,}개 중 {count:,}개가 학습 데이터에도 있음. 시험 결과가 실제보다 "
        "좋게 나옴. 정규화는 학습 데이터만으로 함.",
    ),
    "in-order": (
        "Time goes one way: training ends with {last}, the test begins with {first}.",
        "시간 순서: 학습은 {last}까지, 시험은 {first}부터.",
    ),
    "out-of-order": (
        "LEAK: training reaches {last}, and the test begins with {first}, before that.",
        "누출: 학습이 {last}까지인데 시험이 그 전인 {first}부터 시작함.",
    ),
    "balanced": (
        "Classes are even: {least:,} to {most:,} training samples each.",
        "클래스가 고름: 클래스마다 학습 샘플 {least:,} ~ {most:,}개.",
    ),
    "unbalanced": (
        "Classes are uneven: {many} has {most:,} training samples, {few} {least:,}.",
        "클래스가 고르지 않음: {many} 학습 샘플 {most:,}개, {few} {least:,}개.",
    ),
    "note": ("Of the data: {note}.", "데이터에 대하여: {note}."),
    "try.longer": (
        "To try: {more} epochs in place of {epochs}, since it was still learning.",
        "해 볼 것: 아직 배우는 중이었으니 {epochs} 대신 {more} 에폭.",
    ),
    "try.less": (
        "To try: a smaller network or augmentation, as there are {parameters:,} parameters to "
        "{train:,} samples and validation loss rose {times:.1f}-fold.",
        "해 볼 것: 더 작은 신경망이나 증강. 매개변수 {parameters:,}개에 샘플 {train:,}개이고 검증 "
        "손실이 {times:.1f}배가 됨.",
    ),
    "try.simpler": (
        "To try: {what} itself, which does as well without a network, or another preset.",
        "해 볼 것: 신경망 없이도 그만큼 하는 {what}, 또는 다른 프리셋.",
    ),
    "try.look": (
        "To try: look at the {count} samples of {true} taken for {said}, numbered in the confusion "
        "matrix; are their labels right?",
        "해 볼 것: {true}인데 {said}(으)로 답한 샘플 {count}개(혼동 행렬에 번호)를 보고 라벨이 "
        "맞는지 확인.",
    ),
    "try.seeds": (
        "To try: more seeds before calling anything better, as the interval is {width} wide.",
        "해 볼 것: 구간 폭이 {width}이므로 무엇이 낫다고 하기 전에 여러 시드로 반복.",
    ),
    "try.prior": (
        "To try: more epochs or a smaller code, as codes lie {ratio:.1f} times as far from the "
        "prior as two draws of it.",
        "해 볼 것: 에폭을 늘리거나 코드를 줄이기. 코드가 사전 분포에서 표본끼리의 {ratio:.1f}배 "
        "거리에 있음.",
    ),
    "try.width": (
        "To try: a longer code, as {width} numbers leave an error of {value}.",
        "해 볼 것: 더 긴 코드. 숫자 {width}개로는 오차 {value}이 남음.",
    ),
    "try.nothing": (
        "To try: nothing in these numbers calls for a change.",
        "해 볼 것: 이 수치로 보아 바꿀 것 없음.",
    ),
    "table.head": (
        "piece|task|test result|best baseline|parameters|seconds|samples/s",
        "이름|과제|시험 결과|가장 좋은 기준 모델|매개변수|초|초당 샘플",
    ),
    "what.logistic regression": ("logistic regression", "로지스틱 회귀"),
    "what.ridge regression": ("ridge regression", "릿지 회귀"),
    "what.linear map": ("linear map", "선형 사상"),
    "what.linear map of changes": ("linear map of changes", "변화량의 선형 사상"),
    "what.ridge on random convolutions": (
        "ridge on random convolutions",
        "무작위 합성곱의 릿지 회귀",
    ),
    "what.persistence": ("persistence", "마지막 값 유지"),
    "what.seasonal naive": ("seasonal naive", "한 주기 전 값"),
    "what.mean image": ("mean image", "평균 이미지"),
    "what.always say the training mean": (
        "always say the training mean",
        "항상 학습 데이터의 평균",
    ),
    "named.majority": (
        "always say {name}, the commonest class",
        "항상 {name}(으)로 답하기, 가장 흔한 클래스",
    ),
    "named.pca": ("PCA, {numbers} numbers", "주성분 {numbers}개"),
    "recipe": ("Recipe", "레시피"),
    "recipe.again": (
        "Play it again: etude train recipe.json",
        "다시 실행: etude train recipe.json",
    ),
    "film": (
        "The whole film: the same noise after each epoch.",
        "전체 영상: 에폭마다 같은 잡음을 디코딩.",
    ),
    "results": ("Results", "결과"),
    "pictures": ("Pictures", "그림"),
    "comparison": ("Comparison {name}", "비교 {name}"),
    "runs": ("Each run", "각 실행"),
    "overlaid.title": ("Side by side", "나란히"),
    "overlaid.alt": (
        "Training loss and validation {goal} by epoch for {names}: means over seeds, and "
        "their span.",
        "에폭별 학습 손실과 검증 {goal}: {names}. 시드에 대한 평균과 범위.",
    ),
    "functions.alt": (
        "The function fitted by {names} over {points} test points.",
        "시험 데이터 {points}개와 맞춘 함수: {names}.",
    ),
    "difference.none": (
        "No difference: {first} and {other} are {gap} +/- {half} apart in test {goal} (95 %).",
        "차이 없음: {first}, {other}의 시험 {goal} 차이 {gap} +/- {half} (95 %).",
    ),
    "difference.some": (
        "{first} is better than {other} in test {goal}, by {low} to {high} (95 %).",
        "시험 {goal}: {first} 쪽이 {other}보다 {low} ~ {high} 좋음(95 %).",
    ),
    "difference.untold": (
        "{first} comes out before {other} in test {goal}, but one run each cannot tell a "
        "difference: repeat with several seeds.",
        "시험 {goal}: {first} 쪽이 {other}보다 앞섰으나 한 번씩으로는 차이를 말할 수 없음. 여러 "
        "시드로 반복할 것.",
    ),
    "difference.head": (
        "group|runs|mean test result|95 % interval|span|parameters|seconds",
        "묶음|실행|시험 결과 평균|95 % 구간|범위|매개변수|초",
    ),
    "tour": ("The tour", "둘러보기"),
    "tour.said": (
        "Every network of the notes, {training:.0f} s of training, {all:.0f} s in all.",
        "노트의 모든 신경망. 학습 {training:.0f}초, 모두 {all:.0f}초.",
    ),
}
