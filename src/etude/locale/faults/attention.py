"""Attention, and what is built of it: heads, blocks, patches, whole Transformers."""

ATTENTION: dict[str, tuple[str, str]] = {
    "role_attention": ("scaled dot-product attention", "스케일드 닷-프로덕트 어텐션"),
    "role_multi_head_attention": ("multi-head attention", "멀티헤드 어텐션"),
    "role_encoder_block": ("a Transformer encoder block", "트랜스포머 인코더 블록"),
    "role_patch_embedding": ("a patch embedding", "패치 임베딩"),
    "role_vit": ("a Vision Transformer", "비전 트랜스포머"),
    "role_transformer": ("a Transformer encoder", "트랜스포머 인코더"),
    "word_queries": ("queries", "쿼리 축"),
    "word_heads": ("heads", "헤드 축"),
    "word_batch": ("batch", "배치 축"),
    "word_tokens": ("tokens", "토큰 축"),
    "word_samples": ("samples of the batch", "배치의 샘플 축"),
    "word_attention": ("attention", "어텐션"),
    "word_MLP": ("MLP", "다층 퍼셉트론(MLP)"),
    "word_attention and MLP": ("attention and the MLP", "어텐션과 MLP"),
    "word_readout": ("readout", "출력부"),
    "word_keep": ("keep", "보이게 함"),
    "word_hide": ("hide", "가림"),
    # attention
    "fault_always_dropout": (
        "the attention weights are dropped in eval mode too, so the same input gives another answer every time; pass training=self.training (or 0.0 in eval mode).",
        "eval 모드에서도 어텐션 가중치에 드롭아웃이 걸려 같은 입력의 답이 매번 달라집니다. training=self.training을 넘기세요 (eval에서는 0.0).",
    ),
    "fault_softmax_axis": (
        "the softmax runs over the {axis} and not over the keys, so what a query reads is no weighted mean and the shares it learns mean nothing; use softmax(dim=-1) on scores [... queries keys].",
        "소프트맥스가 키 축이 아니라 {axis}을 따라 계산됩니다. 쿼리의 가중치 합이 1이 아니어서 가중 평균이 되지 않습니다. 점수 [... 쿼리 키] 에 softmax(dim=-1)을 쓰세요.",
    ),
    "fault_scale_missing": (
        "the scores are not divided by sqrt(d), so for wide heads the softmax saturates and gradients vanish; divide by sqrt of the head width before the softmax.",
        "점수를 sqrt(d)로 나누지 않습니다. 헤드가 넓으면 소프트맥스가 포화되어 기울기가 사라집니다. 소프트맥스 전에 헤드 폭의 제곱근으로 나누세요.",
    ),
    "fault_scale_by_d": (
        "the scores are divided by d and not by its square root, so attention is nearly uniform and learns slowly; divide by sqrt(d).",
        "점수를 d의 제곱근이 아니라 d로 나눕니다. 어텐션이 거의 균일해져 학습이 느립니다. sqrt(d)로 나누세요.",
    ),
    "fault_scale_multiplied": (
        "the scores are multiplied by sqrt(d) where they should be divided, so the softmax picks a single key and its gradients vanish; divide.",
        "점수를 sqrt(d)로 나누어야 하는데 곱합니다. 소프트맥스가 키 하나만 고르고 기울기가 사라집니다. 나누세요.",
    ),
    "fault_scale_by_length": (
        "the scores are divided by the square root of the length and not of the head width, so attention changes with the length of the sequence; divide by sqrt(d).",
        "점수를 헤드 폭이 아니라 길이의 제곱근으로 나눕니다. 시퀀스 길이에 따라 어텐션이 달라집니다. sqrt(d)로 나누세요.",
    ),
    "fault_scale_after_softmax": (
        "the division by sqrt(d) comes after the softmax, so weights sum to 1/sqrt(d) and the softmax saturates; divide the scores before it.",
        "sqrt(d)로 나누는 일이 소프트맥스 뒤에 있습니다. 가중치의 합이 1/sqrt(d)가 되고 소프트맥스는 포화됩니다. 소프트맥스 앞에서 나누세요.",
    ),
    "fault_double_softmax": (
        "a softmax is taken of a softmax, so the weights are nearly uniform whatever is learned; take it once.",
        "소프트맥스를 두 번 취합니다. 무엇을 배우든 가중치가 거의 균일해집니다. 한 번만 취하세요.",
    ),
    "fault_softmax_missing": (
        "there is no softmax: raw scores weigh the values, so the output grows without bound; take softmax(dim=-1) of the scores.",
        "소프트맥스가 없습니다. 점수 그대로 값에 곱해져 출력이 끝없이 커집니다. 점수에 softmax(dim=-1)을 취하세요.",
    ),
    "fault_log_softmax": (
        "the weights are log-probabilities, which are negative and do not sum to 1; use softmax in place of log_softmax.",
        "가중치가 로그 확률이라 음수이고 합이 1이 아닙니다. log_softmax 대신 softmax를 쓰세요.",
    ),
    "fault_keys_as_values": (
        "the weights are applied to the keys, so the values never reach the output and their projection learns nothing; multiply by V.",
        "가중치를 값(V)이 아니라 키(K)에 곱합니다. V는 출력에 쓰이지 않아 그 투영이 학습되지 않습니다. V에 곱하세요.",
    ),
    "fault_mask_ignored": (
        "the mask changes nothing, so what should be hidden is read; fill the scores with -inf where a key is hidden, before the softmax, and use the result.",
        "마스크가 아무것도 바꾸지 않아 가려야 할 것을 읽습니다. 소프트맥스 전에 가릴 키의 점수를 -inf로 채우고 그 결과를 쓰세요.",
    ),
    "fault_mask_adds_nothing": (
        "hidden keys keep some weight, because what is filled in or added is not negative enough, so the model reads what it must not see; use masked_fill with -inf.",
        "채우거나 더하는 값이 충분히 작지 않아 가린 키에 가중치가 남습니다. 보아서는 안 될 것을 읽습니다. masked_fill로 -inf를 채우세요.",
    ),
    "fault_mask_after_softmax": (
        "the mask is applied after the softmax, so the weights of the visible keys no longer sum to 1 and hidden keys still set their shares; mask the scores before the softmax.",
        "마스크를 소프트맥스 뒤에 적용합니다. 보이는 키의 가중치 합이 1이 아니고 가린 키가 여전히 몫을 좌우합니다. 소프트맥스 전에 점수를 가리세요.",
    ),
    "fault_mask_inverted": (
        "by its own words a True in the mask means: {wanted}; the code takes it for: {said}, so it reads just what it should not; turn the condition round.",
        "설명에는 마스크의 True가 '{wanted}'인데 코드는 '{said}'(으)로 다룹니다. 보지 말아야 할 것만 보게 됩니다. 조건을 뒤집으세요.",
    ),
    "fault_mask_broadcast_over_heads": (
        "the mask's batch axis lines up with the heads (silent when there are as many samples as heads, or one), so samples are hidden by each other's masks; give it the shape [N 1 1 K].",
        "마스크의 배치 축이 헤드 축에 맞춰집니다 (샘플 수와 헤드 수가 같거나 샘플이 하나면 오류도 없음). 다른 샘플의 마스크로 가려집니다. 모양을 [N 1 1 K]로 만드세요.",
    ),
    "fault_mask_repeated_in_wrong_order": (
        "the scores lie sample by sample and the mask is repeated head by head, so samples are hidden by each other's masks; use repeat_interleave, or [N 1 Q K].",
        "점수는 샘플 순서인데 마스크는 헤드 순서로 반복됩니다. 다른 샘플의 마스크로 가려집니다. repeat_interleave나 [N 1 Q K]를 쓰세요.",
    ),
    "fault_mask_transposed": (
        "the mask hides queries where it should hide keys; it must vary along the last axis of the scores.",
        "마스크가 키가 아니라 쿼리를 가립니다. 점수의 마지막 축을 따라 달라져야 합니다.",
    ),
    # heads
    "fault_heads_mixed": (
        "the heads are cut off by a view without moving the axis, so a head gets pieces of several tokens and attention mixes positions; view as [N L H d] and transpose to [N H L d].",
        "축을 옮기지 않고 view만으로 헤드를 나눕니다. 한 헤드가 여러 토큰의 조각을 받아 위치가 뒤섞입니다. [N L H d]로 view한 뒤 [N H L d]로 transpose하세요.",
    ),
    "fault_merge_without_transpose": (
        "the heads are put together by a view without moving the axis back, so tokens are mixed up in the output; transpose to [N L H d] before the reshape.",
        "축을 되돌리지 않고 view로 헤드를 합칩니다. 출력에서 토큰이 뒤섞입니다. reshape 전에 [N L H d]로 transpose하세요.",
    ),
    "fault_scale_model_dim": (
        "the scores are divided by the square root of the model's width and not of a head's, so attention is too flat; divide by sqrt(width / heads).",
        "점수를 헤드 폭이 아니라 모델 폭의 제곱근으로 나눕니다. 어텐션이 지나치게 평평해집니다. sqrt(폭 / 헤드 수)로 나누세요.",
    ),
    "fault_projection_reused": (
        "{other} is made by the projection of {one}, so the two cannot differ and a layer goes untrained; give {other} its own.",
        "{other} 을(를) {one} 의 투영으로 만듭니다. 둘이 달라질 수 없고 한 층은 학습되지 않습니다. {other} 에 자기 투영을 쓰세요.",
    ),
    "fault_value_projection_unused": (
        "the values are the input itself: their projection is declared and not used, so it never learns; apply it.",
        "값(V)이 입력 그대로입니다. V의 투영이 선언만 되고 쓰이지 않아 학습되지 않습니다. 적용하세요.",
    ),
    "fault_key_projection_unused": (
        "the keys are the input itself: their projection is declared and not used, so it never learns; apply it.",
        "키(K)가 입력 그대로입니다. K의 투영이 선언만 되고 쓰이지 않아 학습되지 않습니다. 적용하세요.",
    ),
    "fault_query_projection_unused": (
        "the queries are the input itself: their projection is declared and not used, so it never learns; apply it.",
        "쿼리(Q)가 입력 그대로입니다. Q의 투영이 선언만 되고 쓰이지 않아 학습되지 않습니다. 적용하세요.",
    ),
    "fault_output_projection_missing": (
        "the heads are put together and returned without the output projection, so they cannot exchange anything; end with a Linear(width, width).",
        "헤드를 합친 뒤 출력 투영 없이 돌려줍니다. 헤드끼리 섞일 수 없습니다. 마지막에 Linear(폭, 폭)를 두세요.",
    ),
    "fault_no_projections": (
        "queries, keys and values are the input itself, so the heads have nothing to learn; give each a Linear of its own.",
        "쿼리, 키, 값이 입력 그대로라 헤드가 배울 것이 없습니다. 각각 자기 Linear를 두세요.",
    ),
    # blocks
    "fault_skip_missing": (
        "the skip connection around the {part} is missing, so a deep stack hardly passes signal or gradient; add the input of the sublayer to its output.",
        "{part} 의 스킵 연결이 없습니다. 깊게 쌓으면 신호와 기울기가 거의 전해지지 않습니다. 부분층의 입력을 출력에 더하세요.",
    ),
    "fault_skip_from_normalised": (
        "the skip path of the {part} starts behind the norm, so what goes through the blocks is normalised each time and lost; keep x as it is: x = x + sublayer(norm(x)).",
        "{part} 의 스킵 경로가 정규화 뒤에서 시작합니다. 블록을 지날 때마다 원래 값이 정규화되어 사라집니다. x = x + 부분층(norm(x)) 처럼 x를 그대로 두세요.",
    ),
    "fault_skip_from_block_input": (
        "the second skip connection starts at the block's input, so attention's result is thrown away by the sum; add what came out of the first sum.",
        "두 번째 스킵 연결이 블록의 입력에서 시작합니다. 어텐션의 결과가 합에서 버려집니다. 첫 번째 합의 결과를 더하세요.",
    ),
    "fault_mlp_reads_block_input": (
        "the MLP reads the block's input and not what attention made of it; give it the result of the first sum.",
        "MLP가 어텐션의 결과가 아니라 블록의 입력을 읽습니다. 첫 번째 합의 결과를 넣으세요.",
    ),
    "fault_mlp_without_activation": (
        "there is no activation between the two linear layers of the MLP, so they are no more than one; put GELU or ReLU between them.",
        "MLP의 두 선형층 사이에 활성 함수가 없어 한 층과 다름없습니다. 사이에 GELU나 ReLU를 두세요.",
    ),
    "fault_attention_output_discarded": (
        "what attention returns is not used, so tokens never see each other and its weights do not learn; add it to the skip path.",
        "어텐션의 결과를 쓰지 않습니다. 토큰이 서로를 보지 못하고 그 가중치는 학습되지 않습니다. 스킵 경로에 더하세요.",
    ),
    "fault_mlp_output_discarded": (
        "what the MLP returns is not used, so its weights do not learn; add it to the skip path.",
        "MLP의 결과를 쓰지 않아 그 가중치가 학습되지 않습니다. 스킵 경로에 더하세요.",
    ),
    "fault_norm_missing": (
        "the norm before the {part} is not applied, so the scale of what it reads drifts with depth; apply it.",
        "{part} 앞의 정규화가 적용되지 않습니다. 깊어질수록 입력의 크기가 흔들립니다. 적용하세요.",
    ),
    "fault_norm_wrong_axis": (
        "the norm runs over the {axis} and not over the features, so a token's values depend on the others; take mean and variance over the last axis.",
        "정규화가 특성 축이 아니라 {axis}을 따라 계산됩니다. 한 토큰의 값이 다른 것에 좌우됩니다. 마지막 축의 평균과 분산을 쓰세요.",
    ),
    "fault_norm_shared": (
        "one norm is used at both places of the block, so both must share a scale and shift; make two.",
        "블록의 두 자리에 정규화 하나를 같이 씁니다. 크기와 이동을 나누어 가질 수 없습니다. 두 개를 만드세요.",
    ),
    "fault_dropout_on_skip": (
        "dropout lies on the skip path, so in training every block throws away part of everything before it; drop the sublayer's output alone: x + dropout(sublayer(x)).",
        "드롭아웃이 스킵 경로에 걸립니다. 학습할 때 블록마다 앞의 모든 것이 일부 버려집니다. x + dropout(부분층(x)) 처럼 부분층의 출력에만 거세요.",
    ),
    "fault_skip_added_twice": (
        "the skip path of the {part} is added twice, so what goes through the blocks doubles each time and drowns what they add; add it once.",
        "{part} 의 스킵 경로를 두 번 더합니다. 블록을 지날 때마다 값이 두 배가 되어 더한 것이 묻힙니다. 한 번만 더하세요.",
    ),
    "fault_causal_in_encoder": (
        "a causal mask hides every later token, as in a decoder, so an encoder's early tokens learn nothing of the rest; leave the mask out.",
        "디코더처럼 뒤의 토큰을 모두 가리는 마스크가 있어 앞의 토큰이 나머지를 보지 못합니다. 인코더에서는 빼세요.",
    ),
    "fault_heads_share_weights": (
        "all heads are one and the same object, so they compute the same thing and there is but one head; make a new one for each.",
        "모든 헤드가 같은 객체라 같은 것을 계산하며 헤드가 하나인 것과 같습니다. 헤드마다 새로 만드세요.",
    ),
    # patches
    "fault_stride_missing": (
        "the convolution moves a pixel at a time, so there is a token for every place and patches overlap; pass stride=patch_size.",
        "합성곱이 한 픽셀씩 움직여 자리마다 토큰이 생기고 패치가 겹칩니다. stride=patch_size를 넘기세요.",
    ),
    "fault_patches_scrambled": (
        "the image is cut by a view without moving axes, so a token holds pixels or channels of several places; permute before the reshape (for a convolution: flatten(2).transpose(1, 2)).",
        "축을 옮기지 않고 view로 이미지를 자릅니다. 한 토큰에 여러 곳의 픽셀이나 채널이 섞입니다. reshape 전에 permute하세요 (합성곱이면 flatten(2).transpose(1, 2)).",
    ),
    "fault_height_width_swapped": (
        "height and width are taken for each other, which is silent on square images and cuts wrong patches out of others; use [N C H W] throughout.",
        "높이와 너비가 뒤바뀌었습니다. 정사각형에서는 드러나지 않지만 다른 이미지에서는 패치가 잘못 잘립니다. [N C H W]를 지키세요.",
    ),
    "fault_positions_missing": (
        "positions are not added to the tokens, so their order does not count; add the position embedding before the first block.",
        "토큰에 위치를 더하지 않아 순서가 의미를 잃습니다. 첫 블록 전에 위치 임베딩을 더하세요.",
    ),
    "fault_positions_same_for_all": (
        "one and the same vector is added to every token, so positions cannot be told apart; make a row for each position.",
        "모든 토큰에 같은 벡터를 더해 위치를 구별할 수 없습니다. 위치마다 한 행을 두세요.",
    ),
    "fault_positions_batch_axis": (
        "positions are taken along the batch axis, so every step of a sample gets the same one and it depends on the place in the batch; index them by the step.",
        "위치를 배치 축을 따라 더합니다. 한 샘플의 모든 시점이 같은 위치를 받고 배치 안의 자리에 좌우됩니다. 시점으로 인덱싱하세요.",
    ),
    "fault_sinusoid_wrong": (
        "the table of sines and cosines is not the paper's, so positions are told apart badly or not at all; use sin and cos in turn, at the rates 10000^(-2i/d).",
        "사인·코사인 표가 논문과 달라 위치가 잘 구별되지 않습니다. 10000^(-2i/d) 주파수로 sin과 cos을 번갈아 쓰세요.",
    ),
    "fault_class_token_random": (
        "the class token is drawn anew in every forward, so it cannot learn and predictions are random; make it an nn.Parameter once.",
        "forward마다 클래스 토큰을 새로 뽑아 학습되지 않고 예측이 무작위가 됩니다. nn.Parameter로 한 번만 만드세요.",
    ),
    "fault_class_token_unused": (
        "the class token takes no part in what is read, so it learns nothing; join it to the patches and classify by it.",
        "클래스 토큰이 출력에 쓰이지 않아 학습되지 않습니다. 패치에 이어 붙이고 그 토큰으로 분류하세요.",
    ),
    # wholes
    "fault_readout_wrong_token": (
        "the logits are read off a patch and not off the class token, so one corner of the image decides; read the place where the class token stands.",
        "클래스 토큰이 아니라 패치 하나에서 로짓을 읽어 이미지의 한구석이 결과를 정합니다. 클래스 토큰의 자리를 읽으세요.",
    ),
    "fault_softmax_in_output": (
        "a softmax (or sigmoid) stands behind the head, and cross-entropy takes another, so gradients are small and training stalls; return logits.",
        "출력층 뒤에 소프트맥스(또는 시그모이드)가 있고 크로스 엔트로피가 다시 취해 기울기가 작아지고 학습이 멈춥니다. 로짓을 그대로 돌려주세요.",
    ),
    "fault_block_outputs_discarded": (
        "the result of every block is thrown away, so the network classifies the embedding and no block learns; write x = block(x).",
        "모든 블록의 결과가 버려집니다. 임베딩만으로 분류하고 블록은 학습되지 않습니다. x = block(x)로 쓰세요.",
    ),
    "fault_only_last_layer_used": (
        "every block reads the same input, so only the last one counts and the others learn nothing; pass each block the result of the one before.",
        "모든 블록이 같은 입력을 읽어 마지막 것만 쓰이고 나머지는 학습되지 않습니다. 앞 블록의 결과를 다음 블록에 넘기세요.",
    ),
    "fault_only_first_layer_used": (
        "the result is returned after the first block, so the others learn nothing; return behind the loop.",
        "첫 블록 뒤에 바로 반환되어 나머지는 학습되지 않습니다. 반복문이 끝난 뒤 반환하세요.",
    ),
    "fault_layers_shared": (
        "all blocks are one and the same object, so the network has the weights of one block; make a new one for each place.",
        "모든 블록이 같은 객체라 가중치가 블록 하나 몫뿐입니다. 자리마다 새로 만드세요.",
    ),
    "fault_padding_ignored": (
        "attention reads padded steps, so a sample's output depends on how long the others are; hide them by a mask.",
        "어텐션이 패딩된 시점을 읽어 한 샘플의 출력이 다른 샘플의 길이에 좌우됩니다. 마스크로 가리세요.",
    ),
    "fault_readout_padding": (
        "padded steps are read into the output, so it depends on how long the others are; average (or take the last of) the valid steps alone.",
        "패딩된 시점까지 읽어 출력을 만들어 다른 샘플의 길이에 좌우됩니다. 유효한 시점만 평균하거나 그 마지막을 쓰세요.",
    ),
    "word_add": ("is added to the scores", "점수에 더함"),
    "held_mask": ("a mask does what it should; True means", "마스크가 제대로 작동함. True의 뜻"),
    "held_padding": ("padded steps change nothing", "패딩이 결과를 바꾸지 않음"),
    "held_skip_clean": (
        "the skip path is clean in train mode",
        "train 모드에서 스킵 경로가 깨끗함",
    ),
    "variant_post_norm": (
        "post-norm, the order of the 2017 paper (pre-norm trains more easily when deep)",
        "포스트놈, 2017년 논문의 순서 (깊을 때는 프리놈이 학습하기 쉬움)",
    ),
    "variant_gelu_tanh": ("GELU in its tanh form", "tanh 근사 GELU"),
    "variant_relu": ("ReLU in the MLP", "MLP에 ReLU"),
    "variant_silu": ("SiLU in the MLP", "MLP에 SiLU"),
    "variant_leaky_relu": ("leaky ReLU in the MLP", "MLP에 leaky ReLU"),
    "variant_quick_gelu": ("GELU by a sigmoid", "시그모이드 근사 GELU"),
    "variant_columns_first": ("patches in the order of columns", "패치가 열 순서"),
    "variant_norm_after_readout": (
        "the last norm behind the readout",
        "마지막 정규화가 읽은 뒤에 있음",
    ),
    "variant_mean_of_all": (
        "the mean of all tokens is read, the class token among them",
        "클래스 토큰을 포함한 모든 토큰의 평균을 읽음",
    ),
    "variant_max_of_all": ("the maximum of all tokens is read", "모든 토큰의 최댓값을 읽음"),
    "variant_mean_of_steps": ("the mean of the steps is read", "시점의 평균을 읽음"),
    "variant_first_step": ("the first step is read", "첫 시점을 읽음"),
    "variant_last_step": ("the last step is read", "마지막 시점을 읽음"),
    "variant_max_of_steps": ("the maximum of the steps is read", "시점의 최댓값을 읽음"),
    "variant_scaled_embedding": ("embeddings times sqrt(width)", "임베딩에 sqrt(폭)을 곱함"),
    "variant_time_first": ("steps come before samples: [L N ...]", "시점 축이 먼저: [L N ...]"),
    "variant_gelu_head": ("a head of several layers with GELU", "GELU를 쓴 여러 층의 출력부"),
    "variant_relu_head": ("a head of several layers with ReLU", "ReLU를 쓴 여러 층의 출력부"),
    "variant_linear_head": ("a head of several linear layers", "여러 선형층의 출력부"),
}
