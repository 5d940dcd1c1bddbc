"""What to notice in each picture, in English and Korean: `NAME.notice`, numbers from its arrays.

Numbers that are shares are written as percentages; differences of percentages are points.
"""

NOTICES: dict[str, tuple[str, str]] = {
    "shapes.notice": (
        "Step {step} ({kind}) has {share:.0%} of the parameters: {count:,} of {total:,}.",
        "{step} 단계({kind})에 매개변수의 {share:.0%}가 있음: {total:,}개 중 {count:,}개.",
    ),
    "curves.notice": (
        "The training loss ({phase}) goes from {start:.3g} to {end:.3g}; validation {goal} is best "
        "at epoch {epoch} of {epochs}, with {best:.4g}{unit}, and ends at {last:.4g}{unit}.",
        "학습 손실({phase})은 {start:.3g}에서 {end:.3g}까지. 검증 {goal}은 {epochs} 에폭 중 "
        "{epoch}번째 에폭에서 {best:.4g}{unit}로 가장 좋고, 끝에서는 {last:.4g}{unit}.",
    ),
    "curves.notice.share": (
        "The training loss ({phase}) goes from {start:.3g} to {end:.3g}; validation {goal} is best "
        "at epoch {epoch} of {epochs}, with {best:.1%}{unit}, and ends at {last:.1%}{unit}.",
        "학습 손실({phase})은 {start:.3g}에서 {end:.3g}까지. 검증 {goal}: {epochs} 에폭 중 "
        "{epoch}번째 에폭에서 {best:.1%}{unit}로 가장 좋고, 끝에서는 {last:.1%}{unit}.",
    ),
    "confusion.notice": (
        "“{true}” is most often taken for “{said}”: {count} of {of:# test sample} of it. In all, "
        "{wrong} of {total} are wrong.",
        "가장 잦은 혼동: “{true}” → “{said}”, 테스트 샘플 {of}개 중 {count}개. 전체로는 "
        "{total}개 중 "
        "{wrong}개가 오답.",
    ),
    "confusion.notice.none": (
        "None of {count:# test sample} is wrong: all lie on the diagonal.",
        "테스트 샘플 {count}개가 모두 대각선 위에 있음: 오답 없음.",
    ),
    "mistakes.notice": (
        "{count:# test sample} {count:?is/are} wrong ({share:.1%}). The network is {sure:.0%} "
        "sure of the first, "
        "and {median:.0%} of the median of the {shown} shown.",
        "테스트 샘플 {count}개가 오답({share:.1%}). 첫 오답의 확신은 {sure:.0%}, 여기 보인 "
        "{shown}개의 중앙값은 {median:.0%}.",
    ),
    "surest.notice": (
        "{count:# test sample} {count:?is/are} right ({share:.1%}). The network is {sure:.0%} "
        "sure of the first, "
        "and {median:.0%} of the median of the {shown} shown.",
        "테스트 샘플 {count}개가 정답({share:.1%}). 첫 정답의 확신은 {sure:.0%}, 여기 보인 "
        "{shown}개의 중앙값은 {median:.0%}.",
    ),
    "fitted.notice": (
        "Half of the test points lie within {median:.3g} {unit} of the curve; the farthest, at "
        "x = {x:.3g}, is {most:.3g} {unit} away.",
        "테스트 점의 절반은 곡선에서 {median:.3g} {unit} 안에 있음. 가장 먼 점은 x = {x:.3g}에서 "
        "{most:.3g} {unit} 떨어져 있음.",
    ),
    "forecast.notice": (
        "Over {steps:# step} the network is off by {network:.3g} {unit} on average, the naive "
        "forecast ({what}) by {naive:.3g} {unit}.",
        "{steps}단계 동안 평균 오차: 신경망 {network:.3g} {unit}, 단순 예측({what}) {naive:.3g} "
        "{unit}.",
    ),
    "forecast.notice.ahead": (
        "After {steps:# step} the network's forecast ends at {network:.4g} {unit}, the naive one "
        "({what}) at {naive:.4g} {unit}.",
        "{steps}단계 뒤의 값: 신경망 {network:.4g} {unit}, 단순 예측({what}) {naive:.4g} {unit}.",
    ),
    "filmstrip.notice": (
        "Half of the way from the first images to the last is done by epoch {half} of {epochs}; "
        "the last epoch still changes {left:.0%} of it.",
        "첫 그림에서 마지막 그림까지의 변화 중 절반이 {epochs} 에폭 중 {half} 에폭까지 이루어짐. "
        "마지막 에폭에서 바뀐 양은 {left:.0%}.",
    ),
    "reconstructions.notice": (
        "Image {place} from the left is copied worst: error {worst:.3f}, {times:.1f} times the "
        "mean of {mean:.3f}.",
        "왼쪽에서 {place}번째 이미지의 복원이 가장 나쁨: 오차 {worst:.3f}, 평균 {mean:.3f}의 "
        "{times:.1f}배.",
    ),
    "attention.notice.previous": (
        "Head {head} of layer {layer} puts {share:.0%} of its weight on the token before; evenly "
        "spread it would be {even:.0%}.",
        "층 {layer}의 헤드 {head}: 가중치의 {share:.0%}를 바로 앞 토큰에 둠. 고르게 나누면 "
        "{even:.0%}.",
    ),
    "attention.notice.itself": (
        "Head {head} of layer {layer} puts {share:.0%} of its weight on the token itself; evenly "
        "spread it would be {even:.0%}.",
        "층 {layer}의 헤드 {head}: 가중치의 {share:.0%}를 토큰 자신에 둠. 고르게 나누면 "
        "{even:.0%}.",
    ),
    "attention.notice.next": (
        "Head {head} of layer {layer} puts {share:.0%} of its weight on the token after; evenly "
        "spread it would be {even:.0%}.",
        "층 {layer}의 헤드 {head}: 가중치의 {share:.0%}를 바로 뒤 토큰에 둠. 고르게 나누면 "
        "{even:.0%}.",
    ),
    "attention.notice.one": (
        "Head {head} of layer {layer} looks at one token whatever the query: {share:.0%} of its "
        "weight is on token {token}; evenly spread it would be {even:.0%}.",
        "층 {layer}의 헤드 {head}: 질의와 관계없이 한 토큰을 봄. 가중치의 {share:.0%}가 토큰 "
        "{token}에 있음. 고르게 나누면 {even:.0%}.",
    ),
    "weights.notice": (
        "At the end the median gradient of {most} is {times:.2g} times that of {least}: {high:.1e} "
        "against {low:.1e}.",
        "끝에서 기울기의 중앙값: {most} {high:.1e}, {least} {low:.1e}. 비율은 {times:.2g}배.",
    ),
    "weights.notice.none": (
        "At the end all gradients of the {layers:# layer} are zero: nothing is learned any more.",
        "끝에서 층 {layers}개의 기울기가 모두 0: 더는 배우지 않음.",
    ),
    "calibration.notice.over": (
        "It is over-confident by {points:.1f} points: on average {sure:.1%} sure, and right in "
        "{right:.1%}. Expected calibration error: {error:.1f} points.",
        "확신이 {points:.1f}점(%p) 지나침: 평균 확신 {sure:.1%}, 정답률 {right:.1%}. 기대 보정 "
        "오차는 {error:.1f}점.",
    ),
    "calibration.notice.under": (
        "It is under-confident by {points:.1f} points: on average {sure:.1%} sure, and right in "
        "{right:.1%}. Expected calibration error: {error:.1f} points.",
        "확신이 {points:.1f}점(%p) 모자람: 평균 확신 {sure:.1%}, 정답률 {right:.1%}. 기대 보정 "
        "오차는 {error:.1f}점.",
    ),
    "calibration.notice.even": (
        "On average it is as sure as it is right, within {points:.1f} points: {sure:.1%} sure, "
        "{right:.1%} right. Expected calibration error: {error:.1f} points.",
        "평균 확신 {sure:.1%}, 정답률 {right:.1%}: 차이는 {points:.1f}점(%p). 기대 보정 오차는 "
        "{error:.1f}점.",
    ),
    "attributions.notice.1": (
        "Feature {first} weighs most: {value:+.2g}, which is {share:.0%} of all that integrated "
        "gradients give.",
        "특징 {first}의 비중이 가장 큼: {value:+.2g}, 적분 기울기 전체의 {share:.0%}.",
    ),
    "attributions.notice.2": (
        "Step {first}, feature {second} weighs most: {value:+.2g}, which is {share:.0%} of all "
        "that integrated gradients give.",
        "{first}단계의 특징 {second}의 비중이 가장 큼: {value:+.2g}, 적분 기울기 전체의 "
        "{share:.0%}.",
    ),
    "attributions.notice.3": (
        "In the last picture, the pixel at row {first}, column {second} weighs most: "
        "{value:+.2g}, which is {share:.0%} of all that integrated gradients give.",
        "마지막 그림에서 {first}행 {second}열 픽셀의 비중이 가장 큼: {value:+.2g}, 적분 기울기 "
        "전체의 {share:.0%}.",
    ),
    "first-layer.notice": (
        "Unit {unit} weighs most: its norm of {norm:.3g} is {times:.1f} times the median; {quiet} "
        "of {count:# unit} are below half of the median.",
        "유닛 {unit}의 가중치가 가장 큼: 노름 {norm:.3g}, 중앙값의 {times:.1f}배. 유닛 {count}개 "
        "중 "
        "{quiet}개는 중앙값의 절반보다 작음.",
    ),
    "filters.notice": (
        "In {layer} the largest filter weighs {times:.1f} times the median; {quiet} of {count} "
        "are below half of the median.",
        "{layer}: 가장 큰 필터가 중앙값의 {times:.1f}배. {count}개 중 {quiet}개는 중앙값의 "
        "절반보다 "
        "작음.",
    ),
    "features.notice": (
        "In the last layer ({layer}) {silent} of {total:# map} are silent for this sample, and "
        "{zeros:.0%} of all values are zero.",
        "마지막 층({layer})에서는 이 샘플에 대해 맵 {total}개 중 {silent}개가 반응이 없고, 전체 "
        "값의 "
        "{zeros:.0%}가 0.",
    ),
    "class-map.notice": (
        "In the last picture, {area:.0%} of the area is outlined as what speaks for “{label}”. "
        "What speaks for “{other}” reaches {ratio:.2f} of that strength.",
        "마지막 그림에서 “{label}”의 근거로 테두리를 두른 부분은 넓이의 {area:.0%}. “{other}”의 "
        "근거는 그 세기의 {ratio:.2f}배까지.",
    ),
    "class-map.notice.none": (
        "No part of the last picture speaks for “{label}” here: the map's largest value is "
        "{largest:.0f}.",
        "마지막 그림에는 “{label}”의 근거가 되는 부분이 없음: 맵의 최댓값은 {largest:.0f}.",
    ),
    "units.notice": (
        "Unit {unit} is most active for {shown:# sample}; {count} of them {count:?is/are} "
        "“{label}”.",
        "유닛 {unit}: 가장 강하게 반응한 샘플 {shown}개 중 {count}개가 “{label}”.",
    ),
    "units.notice.none": (
        "Among the {shown} places there are {different} different samples.",
        "자리 {shown}개에 서로 다른 샘플이 {different}개 있음.",
    ),
    "gates.notice": (
        "The forget gates of the first layer are open to {mean:.0%} on average; they close "
        "farthest, to {low:.0%}, at step {step}.",
        "첫 층의 망각 게이트는 평균 {mean:.0%} 열려 있음. {step}단계에서 {low:.0%}까지 가장 많이 "
        "닫힘.",
    ),
    "gates.notice.row": (
        "The forget gates of the first layer are open to {mean:.0%} on average; they close "
        "farthest, to {low:.0%}, at row {step}.",
        "첫 층의 망각 게이트는 평균 {mean:.0%} 열려 있음. {step}행에서 {low:.0%}까지 가장 많이 "
        "닫힘.",
    ),
    "hidden-steps.notice": (
        "Hiding step {step} matters most: {change:+.3g} ({unit}); half of the steps change it by "
        "less than {median:.2g}.",
        "가릴 때 가장 중요한 단계는 {step}: {change:+.3g} ({unit}). 단계의 절반은 변화가 "
        "{median:.2g}보다 작음.",
    ),
    "hidden-steps.notice.row": (
        "Hiding row {step} matters most: {change:+.3g} ({unit}); half of the rows change it by "
        "less than {median:.2g}.",
        "가릴 때 가장 중요한 행은 {step}: {change:+.3g} ({unit}). 행의 절반은 변화가 "
        "{median:.2g}보다 작음.",
    ),
    "class-token.notice": (
        "Through all layers, the patch in row {row}, column {column} gets most of the class "
        "token's attention: {share:.0%}; evenly spread it would be {even:.0%}.",
        "모든 층을 거치면 {row}행 {column}열 패치가 클래스 토큰의 어텐션을 가장 많이 받음: "
        "{share:.0%}. 고르게 나누면 {even:.0%}.",
    ),
    "positions.notice": (
        "Positions side by side have a mean similarity of {near:.2f}, all others of {others:.2f}.",
        "이웃한 위치의 평균 유사도는 {near:.2f}, 나머지는 {others:.2f}.",
    ),
    "latent.notice": (
        "The nearest other code is of the same class in {same:.0%} of cases; classes “{one}” and "
        "“{two}” mix most ({count:# code}).",
        "가장 가까운 다른 코드가 같은 클래스인 경우는 {same:.0%}. “{one}”, “{two}” 클래스가 가장 "
        "많이 "
        "섞임(코드 {count}개).",
    ),
    "latent.notice.apart": (
        "The nearest other code is of the same class in {same:.0%} of cases: “{one}” and “{two}” "
        "mix in {count}.",
        "가장 가까운 다른 코드가 같은 클래스인 경우는 {same:.0%}: “{one}”, “{two}”의 섞임은 "
        "{count}.",
    ),
    "latent.notice.none": (
        "{inside:.0%} of the codes lie within 1.4 times the prior's typical distance from its "
        "middle.",
        "코드의 {inside:.0%}가 사전 분포 중심에서 보통 거리의 1.4배 안에 있음.",
    ),
    "decoded-grid.notice.across": (
        "A step to the right changes the image most: by {more:.1f} grey levels of 255 on average, "
        "a step up by {less:.1f}.",
        "오른쪽으로 한 칸 갈 때 그림이 더 많이 바뀜: 평균 255단계 중 {more:.1f}, 위로 한 칸은 "
        "{less:.1f}.",
    ),
    "decoded-grid.notice.up": (
        "A step up changes the image most: by {more:.1f} grey levels of 255 on average, a step to "
        "the right by {less:.1f}.",
        "위로 한 칸 갈 때 그림이 더 많이 바뀜: 평균 255단계 중 {more:.1f}, 오른쪽으로 한 칸은 "
        "{less:.1f}.",
    ),
    "walk.notice": (
        "The fastest change is on the way from #{first} to #{last}, between {start:.0%} and "
        "{end:.0%}: {part:.0%} of that walk's change in one step.",
        "가장 빠른 변화는 #{first}에서 시작해 #{last}에서 끝나는 길의 {start:.0%}와 {end:.0%} "
        "사이: 그 길의 "
        "변화 중 {part:.0%}가 한 걸음에.",
    ),
    "prior.notice": (
        "Number {place} of the code is farthest from the prior: mean {mean:.2f} and standard "
        "deviation {std:.2f}, where the prior has 0 and {scale:.3g}. Over all numbers, the "
        "distance "
        "is {ratio:.2f} times that of two draws of the prior.",
        "코드의 {place}번째 숫자가 사전 분포와 가장 다름: 평균 {mean:.2f}, 표준편차 {std:.2f}(사전 "
        "분포는 0과 {scale:.3g}). 전체 거리는 사전 분포 표본 둘 사이의 {ratio:.2f}배.",
    ),
    "critic.notice.guess": (
        "The discriminator can hardly tell codes from the prior: it is right in {right:.0%} (50 % "
        "is a guess); its mean answer is {codes:.2f} for codes and {draws:.2f} for draws of the "
        "prior.",
        "판별자는 코드와 사전 분포를 거의 구별하지 못함: 정답률 {right:.0%}(찍으면 50%). 평균 답은 "
        "코드 {codes:.2f}, 사전 분포 표본 {draws:.2f}.",
    ),
    "critic.notice.tells": (
        "The discriminator tells codes from the prior: it is right in {right:.0%} (50 % is a "
        "guess); its mean answer is {codes:.2f} for codes and {draws:.2f} for draws of the prior.",
        "판별자가 코드와 사전 분포를 구별함: 정답률 {right:.0%}(찍으면 50%). 평균 답은 코드 "
        "{codes:.2f}, 사전 분포 표본 {draws:.2f}.",
    ),
}
