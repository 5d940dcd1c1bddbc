"""Small layers: linear, dropout, conv block, the reparameterization."""

LAYERS: dict[str, tuple[str, str]] = {
    "role_linear": (
        "a linear layer",
        "선형 층",
    ),
    "role_dropout": (
        "dropout",
        "드롭아웃",
    ),
    "role_conv_block": (
        "a convolutional block",
        "합성곱 블록",
    ),
    "role_reparameterization": (
        "the reparameterization of a Gaussian",
        "가우시안 재매개변수화",
    ),
    "check_parts": (
        "{name}: {part} (of these: {found}) has no place in a block of one convolution, one batch norm, one activation and one pooling, so it has no reference.",
        "{name}: {part} (개수: {found}) 은(는) 합성곱, 배치 정규화, 활성화, 풀링이 하나씩인 블록에 없는 것이라 기준이 없습니다.",
    ),
    "check_noise": (
        "{name}: it multiplies by noise and drops nothing, as Gaussian dropout does; only dropping has a reference.",
        "{name}: 가우시안 드롭아웃처럼 잡음을 곱할 뿐 떨어뜨리지 않습니다. 떨어뜨리는 것만 기준이 있습니다.",
    ),
    "fault_bias_unused": (
        "the bias is declared and never added, so it never learns and the layer can only pass through the origin; return x @ W.T + b.",
        "편향을 선언만 하고 더하지 않아 편향은 학습되지 않고 층의 출력은 원점을 지나기만 합니다. x @ W.T + b 를 반환하세요.",
    ),
    "fault_bias_scalar": (
        "the bias is one number for all outputs, so outputs cannot be shifted each on its own; make it a vector of out_features.",
        "편향이 모든 출력에 공통인 숫자 하나라 출력마다 따로 옮길 수 없습니다. 크기 out_features의 벡터로 만드세요.",
    ),
    "fault_weight_detached": (
        "{name} takes part without a gradient, so it stays as it was drawn and never learns; use it itself, without .data, detach, no_grad or requires_grad=False.",
        "{name} 이(가) 기울기 없이 쓰여 처음 값에 머물고 학습되지 않습니다. .data, detach, no_grad, requires_grad=False 없이 그대로 쓰세요.",
    ),
    "variant_no_bias": (
        "no bias",
        "편향 없음",
    ),
    "variant_own_form": (
        "weights stored in a form of its own; the map is linear",
        "자체 형태로 저장된 가중치. 사상은 선형",
    ),
    "fault_active_in_eval": (
        "units are dropped or changed in eval mode too, so predictions are noisy and differ from call to call; return x unchanged unless self.training.",
        "eval 모드에서도 유닛을 떨어뜨리거나 바꾸어 예측에 잡음이 섞이고 매번 달라집니다. self.training이 아니면 x를 그대로 반환하세요.",
    ),
    "fault_modes_swapped": (
        "units are dropped in eval mode and kept in train mode, so training is not regularised and predictions are noisy; turn the condition on self.training round.",
        "eval 모드에서 떨어뜨리고 train 모드에서는 그대로 두어, 학습에는 규제가 없고 예측에는 잡음이 섞입니다. self.training 조건을 뒤집으세요.",
    ),
    "fault_rescaled_in_eval": (
        "the output is rescaled in eval mode although train mode already keeps the mean, so the next layer sees other sizes than it was trained with; return x unchanged in eval mode.",
        "train 모드에서 이미 평균을 맞추었는데 eval 모드에서 또 크기를 바꾸어, 다음 층이 학습 때와 다른 크기를 받습니다. eval 모드에서는 x를 그대로 반환하세요.",
    ),
    "fault_never_drops": (
        "no unit is dropped in train mode, so nothing is regularised; draw a mask and multiply by it when self.training.",
        "train 모드에서 아무 유닛도 떨어뜨리지 않아 규제 효과가 없습니다. self.training일 때 마스크를 뽑아 곱하세요.",
    ),
    "fault_mask_fixed": (
        "the mask is the same in every call, so the same units are always dead and the network is merely smaller; draw a new mask in each forward.",
        "마스크가 매번 같아 늘 같은 유닛이 죽고, 망이 작아질 뿐입니다. forward마다 마스크를 새로 뽑으세요.",
    ),
    "fault_mask_shared_over_batch": (
        "one mask serves all samples of a batch, so the noise does not average out and gradients vary far more; draw the mask in the shape of x.",
        "마스크 하나를 배치의 모든 샘플에 써서 잡음이 평균되지 않고 기울기가 크게 흔들립니다. x와 같은 모양으로 뽑으세요.",
    ),
    "fault_mask_shared_over_units": (
        "a sample is dropped as a whole or not at all, so units are not made independent of each other; draw the mask in the shape of x.",
        "샘플 전체를 떨어뜨리거나 모두 남겨, 유닛끼리의 의존을 끊지 못합니다. x와 같은 모양으로 뽑으세요.",
    ),
    "fault_keep_and_drop_swapped": (
        "units are kept with probability p and dropped with 1 - p, so a dropout of 0.1 loses 90 % of the signal; keep where the draw is greater than p.",
        "확률 p로 남기고 1 - p로 떨어뜨려, 0.1짜리 드롭아웃이 신호의 90 %를 버립니다. 뽑은 수가 p보다 큰 곳을 남기세요.",
    ),
    "fault_drop_share_wrong": (
        "the share of units dropped is not p, so the strength of the regularisation is another than asked for and the mean shifts; draw from torch.rand (uniform) and keep where it is greater than p.",
        "떨어지는 유닛의 비율이 p가 아니어서 규제의 세기가 다르고 평균도 어긋납니다. torch.rand(균등)에서 뽑아 p보다 큰 곳을 남기세요.",
    ),
    "fault_no_rescale": (
        "kept units are not divided by 1 - p, so in eval mode everything is larger than it was in training; divide by 1 - p in train mode.",
        "남은 유닛을 1 - p로 나누지 않아 eval 모드에서 값이 학습 때보다 커집니다. train 모드에서 1 - p로 나누세요.",
    ),
    "fault_rescale_by_p": (
        "kept units are divided by p, not by 1 - p, so the mean in training differs from that in eval mode; divide by 1 - p.",
        "남은 유닛을 1 - p가 아니라 p로 나누어 학습 때와 eval 때의 평균이 다릅니다. 1 - p로 나누세요.",
    ),
    "fault_rescale_multiplied": (
        "kept units are multiplied by 1 - p, not divided by it, so training sees far smaller values than eval mode; divide by 1 - p.",
        "남은 유닛을 1 - p로 나누지 않고 곱하여 학습 때의 값이 eval 때보다 훨씬 작습니다. 1 - p로 나누세요.",
    ),
    "fault_rescale_wrong": (
        "kept units are not scaled by 1 / (1 - p), so the mean in training differs from that in eval mode; divide by 1 - p.",
        "남은 유닛의 배율이 1 / (1 - p)가 아니어서 학습 때와 eval 때의 평균이 다릅니다. 1 - p로 나누세요.",
    ),
    "variant_in_place": (
        "changes its input in place",
        "입력을 제자리에서 바꿈",
    ),
    "variant_no_mode": (
        "no train or eval mode: the caller decides when to drop",
        "train/eval 구분 없음: 부르는 쪽이 결정",
    ),
    "variant_scaled_in_eval": (
        "scaled by 1 - p in eval mode instead of by 1 / (1 - p) in training (the 2014 paper's form)",
        "학습 때 1 / (1 - p) 대신 eval 때 1 - p를 곱함 (2014년 논문의 형태)",
    ),
    "variant_p_keeps": (
        "p is the probability of keeping a unit",
        "p가 유닛을 남길 확률",
    ),
    "held_identity_in_eval": (
        "the identity in eval mode",
        "eval 모드에서 항등",
    ),
    "held_mask_anew": (
        "a new mask in each call, sample and unit",
        "호출, 샘플, 유닛마다 새 마스크",
    ),
    "held_share_kept": (
        "share of units kept",
        "남은 유닛의 비율",
    ),
    "held_mean_kept": (
        "the mean is kept",
        "평균이 유지됨",
    ),
    "fault_mean_unused": (
        "z does not depend on mu, so the encoder's means are never used nor trained; return mu + sigma * eps.",
        "z가 mu에 의존하지 않아 인코더의 평균이 쓰이지도 학습되지도 않습니다. mu + sigma * eps를 반환하세요.",
    ),
    "fault_mean_scaled": (
        "mu enters z with a factor, so z is not centred at mu and the KL term speaks of another distribution; return mu + sigma * eps, with sigma on the noise alone.",
        "mu에 계수가 곱해져 z의 중심이 mu가 아니고 KL 항과 맞지 않습니다. sigma는 잡음에만 곱해 mu + sigma * eps를 반환하세요.",
    ),
    "fault_noise_missing": (
        "no noise is drawn, so z has no spread and the model is a plain autoencoder whose latent space cannot be sampled; multiply sigma by torch.randn_like(sigma).",
        "잡음을 뽑지 않아 z가 퍼지지 않고, 표본을 뽑을 수 없는 보통의 오토인코더가 됩니다. sigma에 torch.randn_like(sigma)를 곱하세요.",
    ),
    "fault_noise_fixed": (
        "the noise is the same in every call, so the decoder learns one fixed shift per unit instead of a distribution; draw it anew in each call.",
        "잡음이 매번 같아 디코더가 분포가 아니라 고정된 이동을 배웁니다. 호출마다 새로 뽑으세요.",
    ),
    "fault_noise_shared_over_batch": (
        "one draw of noise serves all samples of a batch, so their codes move together and gradients vary far more; draw it in the shape of mu.",
        "잡음 하나를 배치의 모든 샘플에 써서 코드들이 함께 움직이고 기울기가 크게 흔들립니다. mu와 같은 모양으로 뽑으세요.",
    ),
    "fault_noise_shared_over_latent": (
        "one number of noise serves all latent numbers of a sample, so z lies on a line through mu and its numbers are not independent; draw it in the shape of mu.",
        "잡음 하나를 샘플의 모든 잠재 값에 써서 z가 mu를 지나는 직선 위에만 놓입니다. mu와 같은 모양으로 뽑으세요.",
    ),
    "fault_uniform_noise": (
        "the noise is uniform, not normal, so z does not follow N(mu, sigma^2) and the KL term speaks of another distribution; use torch.randn_like.",
        "잡음이 정규가 아니라 균등 분포라 z가 N(mu, sigma^2)를 따르지 않고 KL 항과 맞지 않습니다. torch.randn_like를 쓰세요.",
    ),
    "fault_logvar_as_sigma": (
        "the log of the variance itself is used as sigma, so a log of 0 means no noise at all and the KL term speaks of another spread; use torch.exp(0.5 * logvar).",
        "로그 분산을 그대로 sigma로 써서 로그가 0이면 잡음이 없어지고 KL 항과도 맞지 않습니다. torch.exp(0.5 * logvar)를 쓰세요.",
    ),
    "fault_variance_as_sigma": (
        "exp(logvar) is the variance and is used as sigma, so z spreads by the square of what the KL term assumes; use torch.exp(0.5 * logvar).",
        "exp(logvar)는 분산인데 표준편차로 써서 z가 KL 항이 가정하는 것의 제곱만큼 퍼집니다. torch.exp(0.5 * logvar)를 쓰세요.",
    ),
    "fault_sigma_unused": (
        "the spread does not depend on logvar, so every code gets the same noise and logvar only follows the KL term; multiply the noise by torch.exp(0.5 * logvar).",
        "퍼짐이 logvar와 무관해 모든 코드가 같은 잡음을 받습니다. 잡음에 torch.exp(0.5 * logvar)를 곱하세요.",
    ),
    "fault_sigma_inverted": (
        "sigma falls where logvar rises, against what the KL term assumes; use torch.exp(0.5 * logvar), without the minus.",
        "logvar가 커질수록 sigma가 작아져 KL 항의 가정과 반대입니다. 음의 부호 없이 torch.exp(0.5 * logvar)를 쓰세요.",
    ),
    "fault_sigma_wrong": (
        "sigma is not exp(logvar / 2), so z spreads otherwise than the KL term assumes; use torch.exp(0.5 * logvar).",
        "sigma가 exp(logvar / 2)가 아니어서 z의 퍼짐이 KL 항의 가정과 다릅니다. torch.exp(0.5 * logvar)를 쓰세요.",
    ),
    "fault_sampled_without_gradient": (
        "z has no gradient to mu and logvar, so the encoder never learns from the reconstruction; draw eps without a gradient and return mu + sigma * eps (rsample, not sample or torch.normal).",
        "z에서 mu와 logvar로 기울기가 흐르지 않아 인코더가 복원 오차에서 배우지 못합니다. eps만 뽑아 mu + sigma * eps를 반환하세요 (sample이나 torch.normal이 아니라 rsample).",
    ),
    "fault_mean_detached": (
        "z has no gradient to mu, so the encoder's means never learn from the reconstruction; leave detach, .data and no_grad off mu.",
        "z에서 mu로 기울기가 흐르지 않아 인코더의 평균이 복원 오차에서 배우지 못합니다. mu에서 detach, .data, no_grad를 빼세요.",
    ),
    "fault_sigma_detached": (
        "z has no gradient to logvar, so the spread never learns from the reconstruction; leave detach, .data and no_grad off sigma.",
        "z에서 logvar로 기울기가 흐르지 않아 퍼짐이 복원 오차에서 배우지 못합니다. sigma에서 detach, .data, no_grad를 빼세요.",
    ),
    "variant_sigma_from_logvar": (
        "the second input is the log of the variance",
        "두 번째 입력이 로그 분산",
    ),
    "variant_sigma_from_logstd": (
        "the second input is the log of sigma",
        "두 번째 입력이 로그 표준편차",
    ),
    "variant_sigma_from_std": (
        "the second input is sigma",
        "두 번째 입력이 표준편차",
    ),
    "variant_sigma_from_var": (
        "the second input is the variance",
        "두 번째 입력이 분산",
    ),
    "held_noise_normal": (
        "the noise is normal and independent (kurtosis)",
        "잡음이 정규이고 독립 (첨도)",
    ),
    "held_sigma": (
        "sigma is exp(logvar / 2)",
        "시그마가 exp(logvar / 2)",
    ),
    "fault_padding_missing": (
        "the convolution has no padding, so height and width shrink at every block and borders count less; pass padding=1 to a 3 x 3 kernel (kernel // 2).",
        "합성곱에 패딩이 없어 블록마다 높이와 너비가 줄고 가장자리가 덜 반영됩니다. 3 x 3 커널에는 padding=1 (커널 // 2)을 주세요.",
    ),
    "fault_activation_missing": (
        "there is no activation, so stacked blocks add up to one linear map and depth brings next to nothing; apply ReLU after the norm.",
        "활성화 함수가 없어 블록을 쌓아도 선형 사상 하나와 다름없습니다. 정규화 다음에 ReLU를 적용하세요.",
    ),
    "fault_norm_forgotten": (
        "the batch norm is declared or described and never applied, so training is less stable than intended and its parameters never learn; apply it after the convolution.",
        "배치 정규화를 선언하거나 설명만 하고 적용하지 않아 학습이 덜 안정되고 그 매개변수는 학습되지 않습니다. 합성곱 다음에 적용하세요.",
    ),
    "fault_pool_missing": (
        "the pooling is declared or described and never applied, so height and width stay and later layers see other sizes than intended; apply it last.",
        "풀링을 선언하거나 설명만 하고 적용하지 않아 높이와 너비가 그대로입니다. 마지막에 적용하세요.",
    ),
    "fault_relu_before_conv": (
        "the activation stands before the convolution and not behind the norm, so the block's input is cut and its output stays linear; move it behind the norm.",
        "활성화 함수가 정규화 뒤가 아니라 합성곱 앞에 있어 입력이 잘리고 출력은 선형입니다. 정규화 뒤로 옮기세요.",
    ),
    "fault_order_differs": (
        "the steps stand in another order than the docstring says; bring the two together.",
        "단계의 순서가 docstring의 설명과 다릅니다. 둘을 맞추세요.",
    ),
    "fault_batch_statistics_in_eval": (
        "eval mode normalises by the batch's own statistics, so a prediction depends on what else is in the batch, and a batch of one is lost; use the running mean and variance unless self.training.",
        "eval 모드에서 배치 자체의 통계로 정규화해 예측이 함께 넣은 샘플에 좌우됩니다. self.training이 아니면 running mean과 variance를 쓰세요.",
    ),
    "fault_running_statistics_not_updated": (
        "the running statistics stay as they began, so eval mode normalises by numbers that have nothing to do with the data; move them towards the batch's in train mode.",
        "running 통계가 처음 값에 머물러 eval 모드에서 데이터와 무관한 수로 정규화합니다. train 모드에서 배치의 통계 쪽으로 옮기세요.",
    ),
    "fault_running_statistics_unused": (
        "eval mode does not normalise by the running mean and variance, so predictions differ from what was trained; use both in eval mode.",
        "eval 모드에서 running mean과 variance로 정규화하지 않아 예측이 학습한 것과 다릅니다. eval 모드에서 둘 다 쓰세요.",
    ),
    "fault_running_statistics_wrong": (
        "the running statistics do not move towards the batch's mean and variance, so eval mode normalises by the wrong numbers; use (1 - m) * running + m * batch.",
        "running 통계가 배치의 평균과 분산 쪽으로 움직이지 않아 eval 모드에서 틀린 수로 정규화합니다. (1 - m) * running + m * batch 를 쓰세요.",
    ),
    "fault_running_statistics_move_in_eval": (
        "the running statistics move in eval mode too, so predicting changes the model and the test data leak into it; move them only in train mode.",
        "eval 모드에서도 running 통계가 움직여, 예측이 모델을 바꾸고 평가 데이터가 새어 듭니다. train 모드에서만 갱신하세요.",
    ),
    "fault_running_statistics_keep_graph": (
        "the running statistics keep the graph of every batch so far, so memory grows and the second backward fails; update them from detached values, under no_grad.",
        "running 통계가 지난 모든 배치의 계산 그래프를 붙들어 메모리가 늘고 두 번째 backward가 실패합니다. no_grad 안에서 detach한 값으로 갱신하세요.",
    ),
    "fault_momentum_swapped": (
        "the newest batch makes up nearly all of the running statistics, so eval mode depends on the last batch of training; use (1 - m) * running + m * batch with a small m.",
        "running 통계가 거의 마지막 배치로만 이루어져 eval 모드가 학습의 마지막 배치에 좌우됩니다. 작은 m으로 (1 - m) * running + m * batch 를 쓰세요.",
    ),
    "fault_statistics_wrong_axis": (
        "the statistics are taken over the axes {axis} and not over (0, 2, 3), so a channel is not normalised as a whole; take one mean and variance a channel, over batch, height and width.",
        "통계를 축 (0, 2, 3)이 아니라 {axis} 에서 구해 채널이 통째로 정규화되지 않습니다. 채널마다 배치, 높이, 너비에 걸쳐 하나씩 구하세요.",
    ),
    "fault_statistics_detached": (
        "the batch's mean and variance are cut off from the graph, so gradients ignore that they move with the weights and training drifts; leave detach and no_grad to the running ones.",
        "배치의 평균과 분산이 그래프에서 끊겨, 가중치와 함께 변한다는 것이 기울기에 빠지고 학습이 어긋납니다. detach와 no_grad는 running 통계에만 쓰세요.",
    ),
    "fault_divided_by_variance": (
        "the norm divides by the variance and not by its root, so channels keep unequal spreads; divide by torch.sqrt(var + eps).",
        "분산의 제곱근이 아니라 분산으로 나누어 채널마다 퍼짐이 다르게 남습니다. torch.sqrt(var + eps)로 나누세요.",
    ),
    "fault_mean_not_subtracted": (
        "the norm does not subtract the mean, so channels are not centred; use (x - mean) / torch.sqrt(var + eps).",
        "평균을 빼지 않아 채널의 중심이 0이 아닙니다. (x - mean) / torch.sqrt(var + eps) 를 쓰세요.",
    ),
    "variant_unbiased_variance": (
        "normalised by the unbiased variance",
        "불편 분산으로 정규화",
    ),
    "variant_eps_outside": (
        "eps added outside the root",
        "eps를 제곱근 밖에서 더함",
    ),
    "variant_stores_std": (
        "keeps a running standard deviation",
        "분산 대신 표준편차를 유지",
    ),
    "variant_biased_running_variance": (
        "keeps the biased variance (torch keeps the unbiased one)",
        "편향 분산을 유지 (torch는 불편 분산)",
    ),
    "variant_statistics_not_saved": (
        "running statistics are plain attributes: not saved with the model",
        "running 통계가 일반 속성이라 모델과 함께 저장되지 않음",
    ),
    "variant_no_norm": (
        "no batch norm",
        "배치 정규화 없음",
    ),
    "variant_no_active": (
        "no activation",
        "활성화 함수 없음",
    ),
    "variant_no_pool": (
        "no pooling",
        "풀링 없음",
    ),
    "variant_no_padding": (
        "no padding, as said",
        "설명대로 패딩 없음",
    ),
    "variant_pre_activation": (
        "activation or norm before the convolution",
        "활성화나 정규화가 합성곱 앞",
    ),
    "variant_norm_after_activation": (
        "batch norm after the activation",
        "활성화 다음에 배치 정규화",
    ),
    "variant_pool_before_norm": (
        "pooling before the batch norm",
        "배치 정규화 앞에서 풀링",
    ),
    "held_statistics_stay_in_eval": (
        "running statistics stay in eval mode",
        "eval 모드에서 running 통계가 그대로",
    ),
    "held_statistics_move_in_train": (
        "running statistics move in train mode",
        "train 모드에서 running 통계가 움직임",
    ),
    "held_running_statistics_in_eval": (
        "eval mode uses the running statistics",
        "eval 모드에서 running 통계를 씀",
    ),
}
