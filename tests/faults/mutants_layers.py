"""Mutants of the numerics of layers and networks, initialisation included."""

from tests.faults.mutants_common import mutants

INIT = mutants(
    "layers/init.py",
    "tests/layers/test_block.py",
    ("He's fan of the outputs", 'nonlinearity="relu"', 'mode="fan_out", nonlinearity="relu"', "test_init_param_is_he_normal_with_zero_bias"),
    ("no gain for ReLU", 'nonlinearity="relu"', 'nonlinearity="linear"', "test_init_param_is_he_normal_with_zero_bias"),
    ("He uniform", "kaiming_normal_", "kaiming_uniform_", "test_init_param_is_he_normal_with_zero_bias"),
    ("biases left as they were", "nn.init.zeros_(part.bias)", "pass", "test_init_param_is_he_normal_with_zero_bias"),
    ("convolutions of sequences left out", "nn.Linear | nn.Conv1d | nn.Conv2d", "nn.Linear | nn.Conv2d", "test_init_param_is_he_normal_with_zero_bias"),
    ("batch norm not reset", "part.reset_parameters()", "pass", "test_init_param_is_he_normal_with_zero_bias"),
)  # fmt: skip

ATTENTION = mutants(
    "layers/attention.py",
    "tests/layers/test_attention.py",
    ("scores divided by d", "d_K**-0.5", "d_K**-1.0", "test_by_hand"),
    ("softmax over the queries", "attention = torch.softmax(scores, dim=-1)\n    else", "attention = torch.softmax(scores, dim=-2)\n    else", "test_by_hand"),
    ("what is visible is hidden", "scores.masked_fill(~keep,", "scores.masked_fill(keep,", "test_hidden_keys_do_not_matter_and_zero_hides"),
    ("a mask of numbers means the opposite", "else mask != 0", "else mask == 0", "test_hidden_keys_do_not_matter_and_zero_hides"),
    ("an empty row gets the mean of all values", "return out * some", "return out", "test_a_fully_hidden_row_gives_zeros_and_finite_gradients"),
    ("weights returned after dropout", "    return drop(attention, dropout).matmul(V), attention", "    attention = drop(attention, dropout)\n    return attention.matmul(V), attention", "test_rows_of_weights_sum_to_one_also_in_training_with_dropout"),
    ("attention drops in eval mode", "self.dropout if self.training else 0.0", "self.dropout", "test_dropout_acts_in_training_only"),
    ("features of heads interleaved", '"n l (h d) -> n h l d"', '"n l (d h) -> n h l d"', "test_multi_head_equals_torch_with_its_weights"),
    ("heads merged in another order", '"n h l d -> n l (h d)"', '"n h l d -> n l (d h)"', "test_multi_head_equals_torch_with_its_weights"),
)  # fmt: skip

BLOCK = mutants(
    "layers/block.py",
    "tests/layers/test_block.py",
    ("layer norm with torch's eps", "self.norm1 = nn.LayerNorm(d_model, eps=eps)", "self.norm1 = nn.LayerNorm(d_model)", "test_a_block_equals_torch_with_its_weights"),
    ("GELU by tanh", 'approximate="none"', 'approximate="tanh"', "test_a_block_equals_torch_with_its_weights"),
    ("post-norm", "x = x + self.drop(self.attn(self.norm1(x), mask=mask))", "x = self.norm1(x + self.drop(self.attn(x, mask=mask)))", "test_a_block_equals_torch_with_its_weights"),
    ("dropout on the skip path", "return x + self.mlp(", "return self.drop(x) + self.mlp(", "test_the_skip_path_is_clean"),
    ("no dropout at the end of the MLP", "return self.drop(self.fc2(self.drop(self.act(self.fc1(x)))))", "return self.fc2(self.drop(self.act(self.fc1(x))))", "test_the_mlp_drops_after_both_layers"),
)  # fmt: skip

DROPOUT = mutants(
    "layers/dropout.py",
    "tests/layers/test_dropout.py",
    ("units that stay not scaled", "return mask.mul_(65536 / (65536 - below))", "return mask", "test_the_share_and_the_scale_are_as_asked"),
    ("scaled by 1/p", "65536 / (65536 - below)", "65536 / below", "test_the_share_and_the_scale_are_as_asked"),
    ("p is the share that stays", "mask = torch.ge(", "mask = torch.lt(", "test_the_share_and_the_scale_are_as_asked"),
    ("63 bits for 64", ".random_(-(2**63), None)", ".random_()", "test_the_share_and_the_scale_are_as_asked"),
    ("dropout in eval mode", "return dropout(x, self.p) if self.training else x", "return dropout(x, self.p)", "test_eval_mode_and_p_zero_leave_x_alone"),
)  # fmt: skip

GAUSSIAN = mutants(
    "layers/gaussian.py",
    "tests/layers/test_block.py",
    ("log variance taken for log sigma", "torch.exp(0.5 * logvar)", "torch.exp(logvar)", "test_reparameterize_has_the_mean_and_the_spread_it_says"),
    ("the mean not differentiable", "return mu + torch.exp(", "return mu.detach() + torch.exp(", "test_reparameterize_has_the_mean_and_the_spread_it_says"),
    ("energy distance without its 2", "return 2 * mean_distance(a, b)", "return mean_distance(a, b)", "test_energy_distance_against_scipy_and_its_scale"),
    ("energy distance of squares", '"donot_use_mm_for_euclid_dist").mean()', '"donot_use_mm_for_euclid_dist").square().mean()', "test_energy_distance_against_scipy_and_its_scale"),
    ("energy distance with one spread alone", " - mean_distance(b, b)", " - mean_distance(a, a)", "test_energy_distance_against_scipy_and_its_scale"),
)  # fmt: skip

LSTM = mutants(
    "layers/lstm.py",
    "tests/layers/test_lstm.py",
    ("gates in the order i, g, f, o", "i, f, g, o = gates.chunk(4, dim=-1)", "i, g, f, o = gates.chunk(4, dim=-1)", "test_one_cell_equals_torch_with_a_given_state"),
    ("input and forget gate coupled", "c = f * c + i * g", "c = (1 - i) * c + i * g", "test_one_cell_equals_torch_with_a_given_state"),
    ("cell state put out without tanh", "h = o * torch.tanh(c)", "h = o * c", "test_one_cell_equals_torch_with_a_given_state"),
    ("one bias", "F.linear(h, weight_hh, bias_hh)", "F.linear(h, weight_hh)", "test_one_cell_equals_torch_with_a_given_state"),
    ("the two directions exchanged", "torch.cat((hn[-2], hn[-1]), dim=-1)", "torch.cat((hn[-1], hn[-2]), dim=-1)", "test_the_last_of_two_directions_is_each_ones_own_end"),
    ("the first layer's state put out", "if self.bidirectional else hn[-1]", "if self.bidirectional else hn[0]", "test_the_last_state_is_the_last_layers"),
    ("padded steps change the state", "h=step.h.where(valid_here, h), c=step.c.where(valid_here, c)", "h=step.h, c=step.c", "test_the_states_of_padded_sequences_end_with_the_last_valid_step"),
    ("one padded step counts", "device=X.device) < lengths", "device=X.device) <= lengths", "test_the_states_of_padded_sequences_end_with_the_last_valid_step"),
)  # fmt: skip

STEPS = mutants(
    "layers/steps.py",
    "tests/layers/test_steps.py",
    ("one padded step valid", "device=x.device) < lengths", "device=x.device) <= lengths", "test_batch_norm_learns_from_valid_steps_alone"),
    ("padding enters batch statistics", "        rows = super().forward(x[valid])\n        return torch.zeros_like(x, dtype=rows.dtype).masked_scatter(valid[..., None], rows)", "        return hide(super().forward(x.flatten(0, 1)).view_as(x), valid)", "test_batch_norm_learns_from_valid_steps_alone"),
    ("pairs averaged", "return pairs.amax(2)", "return pairs.mean(2)", "test_halving_takes_the_larger_of_two_and_keeps_a_step_without_partner"),
    ("halved lengths rounded down", "else (lengths + 1) // 2", "else lengths // 2", "test_halving_takes_the_larger_of_two_and_keeps_a_step_without_partner"),
    ("parts of a summary do not overlap", "first = part * count // parts", "first = (part * count + parts - 1) // parts", "test_a_summary_is_that_of_each_sequence_alone"),
    ("means over padded steps", "inside / inside.sum(-1, keepdim=True)", "inside * parts / x.shape[1]", "test_a_summary_is_that_of_each_sequence_alone"),
)  # fmt: skip

PATCHES = mutants(
    "layers/patches.py",
    "tests/layers/test_block.py",
    ("channels last in a patch", "(c p1 p2)", "(p1 p2 c)", "test_a_patch_is_flattened_as_the_kernel_is"),
    ("patches column by column", "n (h w) (c p1 p2)", "n (w h) (c p1 p2)", "test_a_patch_is_flattened_as_the_kernel_is"),
)  # fmt: skip

TRANSFORMER = mutants(
    "models/transformer.py",
    "tests/models/test_models.py",
    ("base of the positions", "math.log(10_000)", "math.log(1_000)", "test_sinusoids_are_the_papers"),
    ("exponent of the positions halved", "* 2 * pairs / width", "* pairs / width", "test_sinusoids_are_the_papers"),
    ("sine and cosine exchanged", "(angle.sin(), angle.cos())", "(angle.cos(), angle.sin())", "test_sinusoids_are_the_papers"),
    ("tokens attend to padding", "tokens = block(tokens, mask)", "tokens = block(tokens)", "test_transformer_padding_does_not_count"),
    ("mean over padded tokens", "valid / valid.sum(1, keepdim=True)", "valid / valid.shape[1]", "test_transformer_padding_does_not_count"),
)  # fmt: skip

VIT = mutants(
    "models/vit.py",
    "tests/models/test_models.py",
    ("positions start ten times as large", "nn.init.normal_(self.pos_embed, std=0.02)", "nn.init.normal_(self.pos_embed, std=0.2)", "test_starts_as_the_official_code_does"),
    ("class token last", "torch.cat((c, x), dim=1)", "torch.cat((x, c), dim=1)", "test_equals_torchs_encoder_with_its_weights"),
)  # fmt: skip

AAE = mutants(
    "models/aae.py",
    "tests/models/test_models.py",
    ("penalty not halved", "penalty / 2 * slope", "penalty * slope", "test_the_penalty_is_half_the_squared_slope"),
    ("penalty on the slope's size", "slope.square().sum(1).mean()", "slope.norm(dim=1).mean()", "test_the_penalty_is_half_the_squared_slope"),
    ("codes start as noise", "nn.init.constant_(self.encoder.logvar.bias, -6.0)", "nn.init.constant_(self.encoder.logvar.bias, 0.0)", "test_aae_prior_has_its_scale_and_codes_start_with_little_noise"),
    ("scale of the prior ignored", "self.prior_scale * noise(", "noise(", "test_aae_prior_has_its_scale_and_codes_start_with_little_noise"),
)  # fmt: skip

ADVERSARIAL = mutants(
    "models/aae.py",
    "tests/training/test_loop.py",
    ("real and fake exchanged", "(adversarial_loss(real, True) + adversarial_loss(fake, False))", "(adversarial_loss(real, False) + adversarial_loss(fake, True))", "test_confusing_raises_the_discriminators_belief_in_codes"),
    ("the encoder helps the discriminator", "model.discriminator(model.encode(batch.x, noise)), True)", "model.discriminator(model.encode(batch.x, noise)), False)", "test_confusing_raises_the_discriminators_belief_in_codes"),
)  # fmt: skip

LAYERS = (
    *INIT, *ATTENTION, *BLOCK, *DROPOUT, *GAUSSIAN, *LSTM, *STEPS, *PATCHES, *TRANSFORMER, *VIT,
    *AAE, *ADVERSARIAL,
)  # fmt: skip
