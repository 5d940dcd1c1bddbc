"""What stands around the sentences of a report: the summary card, contents, links; the tour."""

PAGES: dict[str, tuple[str, str]] = {
    "contents": ("Contents", "차례"),
    "findings": ("Findings", "결과와 점검"),
    "top": ("Back to the contents", "차례로"),
    "card": ("Summary", "요약"),
    "card.model": ("Model", "모델"),
    "card.data": ("Data", "데이터"),
    "card.result": ("Test result", "테스트 결과"),
    "card.baseline": ("Best baseline", "가장 좋은 기준 모델"),
    "card.verdict": ("Verdict", "판정"),
    "card.next": ("Next step", "다음 할 일"),
    "card.time": ("Training time", "학습 시간"),
    "try.prefix": ("To try: ", "해 볼 것: "),
    "card.notes": ("Notes", "참고"),
    "card.model.value": (
        "{model}, {parameters:# parameter}, {epochs:# epoch}",
        "{model}, 매개변수 {parameters:,}개, {epochs:,} 에폭",
    ),
    "card.data.value": (
        "{data}: {train:,} training, {val:,} validation and {test:# test sample}",
        "{data}: 학습 {train:,}개, 검증 {val:,}개, 테스트 {test:,}개",
    ),
    "card.result.interval": (
        "{result} (95 % interval {low} to {high})",
        "{result} (95 % 구간 {low} ~ {high})",
    ),
    "card.time.value": (
        "{seconds:.1f} s of training steps, {speed:,.0f} samples/s",
        "학습 단계 {seconds:.1f}초, 초당 샘플 {speed:,.0f}개",
    ),
    "film.title": ("The film of learning", "학습 과정 영상"),
    "tour": ("The tour", "둘러보기"),
    "tour.said": (
        "Every network of the notes: {training:.0f} s of training, {all:.0f} s in all.",
        "노트의 모든 신경망. 학습 {training:.0f}초, 모두 {all:.0f}초.",
    ),
    "tour.table": ("All networks", "모든 신경망"),
    "tour.more": (
        "All pictures and findings of this run: {path}",
        "이 실행의 모든 그림과 결과: {path}",
    ),
}
