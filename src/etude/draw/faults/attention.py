"""Attention, and what is built of it."""

ATTENTION: dict[str, tuple[str, str]] = {
    "role_attention": ("scaled dot-product attention", "스케일드 닷-프로덕트 어텐션"),
    "role_multi_head_attention": ("multi-head attention", "멀티헤드 어텐션"),
    "role_encoder_block": ("a Transformer encoder block", "트랜스포머 인코더 블록"),
    "held_mask": ("a mask does what it should: True means", "마스크가 제대로 작동함: True의 뜻은"),
    "held_skip_clean": (
        "the skip path is clean in train mode",
        "train 모드에서 스킵 경로가 깨끗함",
    ),
    "variant_post_norm": (
        "post-norm (the 2017 paper's order; pre-norm trains more easily when deep)",
        "포스트놈 (2017년 논문의 순서. 깊을 때는 프리놈이 학습이 쉬움)",
    ),
    "variant_gelu_tanh": ("GELU in its tanh form", "tanh 근사 GELU"),
    "variant_relu": ("ReLU in the MLP", "MLP에 ReLU"),
    "variant_silu": ("SiLU in the MLP", "MLP에 SiLU"),
    "variant_leaky_relu": ("leaky ReLU in the MLP", "MLP에 leaky ReLU"),
    "variant_quick_gelu": ("GELU by a sigmoid", "시그모이드 근사 GELU"),
}
