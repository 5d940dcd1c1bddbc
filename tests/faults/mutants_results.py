"""Mutants of losses, metrics, baselines, statistics and normalisation."""

from tests.faults.mutants_common import mutants

CLASSIFY = mutants(
    "tasks/classify.py",
    "tests/tasks/test_tasks.py",
    ("cross-entropy summed", "return F.cross_entropy(logits, batch.y)", 'return F.cross_entropy(logits, batch.y, reduction="sum")', "test_the_loss_of_a_classifier_is_scikit_learns"),
    ("labels smoothed", "return F.cross_entropy(logits, batch.y)", "return F.cross_entropy(logits, batch.y, label_smoothing=0.1)", "test_the_loss_of_a_classifier_is_scikit_learns"),
    ("labels shifted by a class", "return F.cross_entropy(logits, batch.y)", "return F.cross_entropy(logits.roll(1, 1), batch.y)", "test_the_loss_of_a_classifier_is_scikit_learns"),
    ("softmax before cross-entropy", "return F.cross_entropy(logits, batch.y)", "return F.cross_entropy(logits.softmax(1), batch.y)", "test_the_loss_of_a_classifier_is_scikit_learns"),
    ("a small last batch counts like the others", 'loss += float(F.cross_entropy(logits, batch.y, reduction="sum"))', "loss += float(F.cross_entropy(logits, batch.y)) * 7", "test_classification_metrics_equal_scikit_learn"),
    ("the higher loss is better", '(new[goal], -new["loss"]) > (old[goal], -old["loss"])', '(new[goal], new["loss"]) > (old[goal], old["loss"])', "test_of_equal_accuracies_the_lower_loss_is_better"),
    ("the commonest class of the test split", "np.bincount(train.y, own)", "np.bincount(test.y)", "test_majority_baseline"),
    ("probabilities by sigmoid", "outputs.double().softmax(1)", "outputs.double().sigmoid()", "test_answers_are_probabilities_by_name"),
)  # fmt: skip

TALLY = mutants(
    "tasks/tally.py",
    "tests/tasks/test_tasks.py",
    ("confusion matrix transposed", "cells, size = true * classes + predicted", "cells, size = predicted * classes + true", "test_classification_metrics_equal_scikit_learn"),
    ("precision and recall exchanged", "predicted, right = self.mass.sum(1), self.mass.sum(0)", "predicted, right = self.mass.sum(0), self.mass.sum(1)", "test_classification_metrics_equal_scikit_learn"),
    ("F1 without its 2", "2 * right / (true + predicted)", "right / (true + predicted)", "test_classification_metrics_equal_scikit_learn"),
    ("absent classes count in macro F1", "f1[true + predicted > 0].mean()", "f1.mean()", "test_every_odd_case_equals_scikit_learn"),
    ("macro F1 over true classes alone", "f1[true + predicted > 0].mean()", "f1[true > 0].mean()", "test_every_odd_case_equals_scikit_learn"),
)  # fmt: skip

NEAR = mutants(
    "tasks/classify.py",
    "tests/training/test_loop.py",
    ("two standard errors are near", "top[goal] - error", "top[goal] - 2 * error", "test_near_lets_the_later_of_equals_win_but_not_a_worse_one"),
    ("standard error by n, not its root", "sqrt(share * (1 - share) / count)", "share * (1 - share) / count", "test_near_lets_the_later_of_equals_win_but_not_a_worse_one"),
)  # fmt: skip

REGRESS = mutants(
    "tasks/regress.py",
    "tests/tasks/test_tasks.py",
    ("absolute for squared error", "return _mse(self.outputs(model, batch), batch.y, batch.weights)", "return F.l1_loss(self.outputs(model, batch), batch.y)", "test_the_loss_of_a_regression_is_the_mean_square"),
    ("loss of validation halved", '{**errors, "loss": float(_mse(predicted, y, weights))}', '{**errors, "loss": float(_mse(predicted, y, weights)) / 2}', "test_regression_metrics_are_in_the_datas_units"),
    ("r2 about zero", "((true - true.mean(0)) ** 2).sum(0)", "(true**2).sum(0)", "test_errors_equal_scikit_learns"),
    ("r2 about the mean of all outputs", "((true - true.mean(0)) ** 2).sum(0)", "((true - true.mean()) ** 2).sum(0)", "test_errors_equal_scikit_learns"),
    ("rmse without its root", "np.sqrt((errors**2).mean(0))", "(errors**2).mean(0)", "test_errors_equal_scikit_learns"),
    ("mae without its absolute", "np.abs(errors).mean(0)", "errors.mean(0)", "test_errors_equal_scikit_learns"),
    ("normalisation undone in the wrong order", "values.cpu().double().numpy() * np.array(self.std) + np.array(self.mean)", "(values.cpu().double().numpy() + np.array(self.mean)) * np.array(self.std)", "test_answers_are_in_the_datas_units"),
    ("metrics in normalised units", "values.cpu().double().numpy() * np.array(self.std) + np.array(self.mean)", "values.cpu().double().numpy()", "test_regression_metrics_are_in_the_datas_units"),
)  # fmt: skip

AHEAD = mutants(
    "tasks/ahead.py",
    "tests/tasks/test_tasks.py",
    ("season one step off", "step % season - season", "(step + 1) % season - season", "test_naive_forecasts_by_hand"),
    ("naive forecast backwards", "step % season - season", "-1 - step % season", "test_naive_forecasts_by_hand"),
    ("lengths one step short", "np.asarray(lengths)[:, None] + np.array(back)", "np.asarray(lengths)[:, None] - 1 + np.array(back)", "test_naive_forecasts_of_padded_series_look_back_from_their_own_end"),
)  # fmt: skip

FORECAST = mutants(
    "tasks/forecast.py",
    "tests/tasks/test_tasks.py",
    ("Huber's delta is 1", "delta=0.1", "delta=1.0", "test_the_loss_of_a_forecast_is_scipys_huber"),
    ("Huber loss divided by delta", "F.huber_loss(self.outputs(model, batch), batch.y, delta=0.1)", "F.smooth_l1_loss(self.outputs(model, batch), batch.y, beta=0.1)", "test_the_loss_of_a_forecast_is_scipys_huber"),
    ("the naive forecast not added", "in_place(before + change, batch)", "in_place(change, batch)", "test_a_network_that_says_nothing_is_the_naive_forecaster"),
    ("season ignored", "self.season or 1, batch.lengths", "1, batch.lengths", "test_a_network_that_says_nothing_is_the_naive_forecaster"),
    ("logarithm not undone", "np.exp(plain) if self.log else plain", "plain", "test_a_network_that_says_nothing_is_the_naive_forecaster"),
    ("level of the last step not added", "back(now + changes)", "back(changes)", "test_a_linear_map_of_changes_bears_a_level_that_drifts"),
)  # fmt: skip

AUTOENCODE = mutants(
    "tasks/autoencode.py",
    "tests/tasks/test_tasks.py",
    ("mean over batches", "error += float((decoded - batch.x).square().mean()) * len(batch.x)\n            count += len(batch.x)", "error += float((decoded - batch.x).square().mean())\n            count += 1", "test_the_error_of_a_small_last_batch_has_its_share"),
    ("absolute for squared error in reconstruction", "float((decoded - batch.x).square().mean())", "float((decoded - batch.x).abs().mean())", "test_codes_like_the_prior_match_and_others_do_not"),
    ("ratio to the prior inverted", "distance / reference", "reference / distance", "test_codes_like_the_prior_match_and_others_do_not"),
    ("four times the distance still match", "MATCH = 2.0", "MATCH = 4.0", "test_the_best_autoencoder_is_the_sharpest_of_those_that_match"),
    ("a match has no precedence", "return new_fits > old_fits or", "return", "test_the_best_autoencoder_is_the_sharpest_of_those_that_match"),
    ("range of the PCA not normalised", "(plain - self.middle) / self.half", "plain - self.middle", "test_pca_baseline_has_its_known_error"),
    ("one component too many", "PCA(min(self.width, *fit.shape)", "PCA(min(self.width + 1, *fit.shape)", "test_pca_baseline_has_its_known_error"),
)  # fmt: skip

PROTOCOL = mutants(
    "tasks/protocol.py",
    "tests/tasks/test_tasks.py",
    ("bytes cut, not rounded", "* 127.5).round()", "* 127.5)", "test_pictures_of_the_range_become_bytes"),
    ("pictures beyond the range wrap around", "x.clamp(-1, 1) + 1", "x + 1", "test_pictures_of_the_range_become_bytes"),
    ("the worst baseline first", "pick = min if metric.lower_is_better else max", "pick = max if metric.lower_is_better else min", "test_majority_baseline"),
)  # fmt: skip

LINEAR = mutants(
    "tasks/linear.py",
    "tests/tasks/test_linear.py",
    ("standard deviation by n - 1", "distance.std(0)", "distance.std(0, ddof=1)", "test_made_even_is_scikit_learns"),
    ("classes standardised by the test split", "model.predict(even(part))", "model.predict(Even(part)(part))", "test_linear_baselines_are_scikit_learns"),
    ("values standardised by the test split", "model(even(part))", "model(Even(part)(part))", "test_linear_baselines_are_scikit_learns"),
    ("no cross-validation of the penalty", "RidgeCV(alphas=ALPHAS)", "RidgeCV(alphas=ALPHAS[-1:])", "test_linear_baselines_are_scikit_learns"),
    ("mean of the targets not added", "predicted * self.reach + self.mean", "predicted * self.reach", "test_linear_baselines_are_scikit_learns"),
    ("64-bit differences by way of float64", 'if x.dtype.kind in "iu" and x.dtype.itemsize == 8:', "if False:", "test_differences_of_64_bit_integers_are_exact"),
)  # fmt: skip

ROCKET = mutants(
    "tasks/rocket.py",
    "tests/tasks/test_rocket.py",
    ("shares over padded outputs", "/ ends.clamp(min=1)", "/ out.shape[2]", "test_features_equal_a_plain_loop"),
    ("outputs beyond the end count", "beyond = (torch.arange(out.shape[2]) >= ends)[:, None]", "beyond = (torch.arange(out.shape[2]) >= ends + out.shape[2])[:, None]", "test_features_equal_a_plain_loop"),
    ("weights not centred", "normal - normal.mean(1, keepdims=True)", "normal", "test_kernels_are_drawn_as_in_the_paper"),
    ("dilation always the largest", "2 ** random.uniform(0, reach)", "2 ** max(random.uniform(0, reach), reach)", "test_kernels_are_drawn_as_in_the_paper"),
)  # fmt: skip

WILSON = mutants(
    "stats.py",
    "tests/tasks/test_tasks.py",
    ("one-sided quantile of the normal", "Z95 = 1.959963984540054", "Z95 = 1.6448536269514722", "test_wilson_interval_has_its_known_values"),
    ("Wilson's centre not shrunk", "(share + z2 / (2 * count)) / (1 + z2 / count)", "share", "test_wilson_interval_has_its_known_values"),
    ("Wald's width for Wilson's", "share * (1 - share) / count + z2 / (4 * count**2)", "share * (1 - share) / count", "test_wilson_interval_has_its_known_values"),
)  # fmt: skip

STATS = mutants(
    "stats.py",
    "tests/test_stats.py",
    ("one-sided t", "stats.t.ppf(0.975, freedom)", "stats.t.ppf(0.95, freedom)", "test_the_quantile_has_its_known_values"),
    ("normal for t", "stats.t.ppf(0.975, freedom)", "stats.norm.ppf(0.975)", "test_the_quantile_has_its_known_values"),
    ("no correction for several pairs", "- 1) ** pairs).mean())", "- 1) ** 1).mean())", "test_the_quantile_has_its_known_values"),
    ("one-sided maximum", "(2 * stats.norm.cdf(m * scale) - 1)", "stats.norm.cdf(m * scale)", "test_the_quantile_has_its_known_values"),
    ("S squared for S", "np.sqrt(stats.chi2.ppf(middles, freedom) / freedom)", "stats.chi2.ppf(middles, freedom) / freedom", "test_the_quantile_is_that_of_the_largest_of_studentised_normals"),
    ("S as if it were known", "if isfinite(freedom):", "if False:", "test_the_quantile_is_that_of_the_largest_of_studentised_normals"),
    ("Satterthwaite without the square", "(sure + seeds) ** 2 / (seeds**2 / freedom)", "(sure + seeds) / (seeds / freedom)", "test_degrees_of_freedom_are_those_of_a_chi_square_with_equal_moments"),
    ("the known variance left out", "(sure + seeds) ** 2 / (seeds**2 / freedom)", "freedom", "test_degrees_of_freedom_are_those_of_a_chi_square_with_equal_moments"),
    ("degrees of freedom rounded up", "floor(10 * degrees) / 10", "(floor(10 * degrees) + 1) / 10", "test_for_several_pairs_degrees_of_freedom_are_rounded_down"),
    ("variance by n", "values.var(ddof=1)", "values.var()", "test_without_test_samples_intervals_are_scipys"),
    ("variance of a value, not of the mean", "float(values.var(ddof=1)) / len(values)", "float(values.var(ddof=1))", "test_without_test_samples_intervals_are_scipys"),
    ("degrees of freedom of one seed too many", "quantile(1, len(values) - 1)", "quantile(1, len(values))", "test_without_test_samples_intervals_are_scipys"),
    ("Welch by the numbers of seeds", "v**2 / (len(x) - 1)", "v**2 / len(x)", "test_without_test_samples_intervals_are_scipys"),
    ("equal variances assumed", "freedom = seeds**2 / sum(v**2 / (len(x) - 1) for v, x in zip(parts, (one, two)) if v)", "freedom = len(one) + len(two) - 2.0", "test_without_test_samples_intervals_are_scipys"),
    ("interval of a mean by c, not its square", "mean - sqrt((mean - low) ** 2 + c**2 * seeds)", "mean - sqrt((mean - low) ** 2 + c * seeds)", "test_on_a_huge_test_split_intervals_are_scipys"),
    ("interval of a difference by c, not its square", "gap - sqrt((gap - low) ** 2 + c**2 * seeds)", "gap - sqrt((gap - low) ** 2 + c * seeds)", "test_on_a_huge_test_split_intervals_are_scipys"),
    ("seeds left out of a share's interval", "mean + sqrt((high - mean) ** 2 + c**2 * seeds)", "high", "test_on_a_huge_test_split_intervals_are_scipys"),
    ("several pairs as one", "quantile(pairs, freedom_of(0.0, seeds, freedom, pairs))", "quantile(1, freedom_of(0.0, seeds, freedom, pairs))", "test_intervals_of_several_pairs_are_wider_by_the_quantile"),
    ("Newcombe's bounds exchanged", "p - q - sqrt((p - low_p) ** 2 + (high_q - q) ** 2)", "p - q - sqrt((high_p - p) ** 2 + (q - low_q) ** 2)", "test_newcombes_interval_has_its_known_values"),
    ("widths added, not their squares", "p - q + sqrt((high_p - p) ** 2 + (q - low_q) ** 2)", "p - q + (high_p - p) + (q - low_q)", "test_newcombes_interval_has_its_known_values"),
    ("a single run without a variance of its own", "seeds * (1 + many), many - 1.0", "seeds, many - 1.0", "test_one_run_beside_several_borrows_their_spread"),
    ("thrice the error is much worse", "TWICE = 2.0", "TWICE = 3.0", "test_a_result_is_judged_beside_its_baseline"),
    ("a thousandth is a difference", "CLOSE = 0.01", "CLOSE = 0.001", "test_a_result_is_judged_beside_its_baseline"),
    ("the direction of a metric turned round", "(value < naive) == metric.lower_is_better", "(value < naive) != metric.lower_is_better", "test_a_result_is_judged_beside_its_baseline"),
    ("intervals beyond 1", "min(1.0 if metric.share else inf, ends[1])", "ends[1]", "test_an_interval_stays_within_what_is_possible_and_has_a_width"),
)  # fmt: skip

PREPARE = mutants(
    "data/moments.py",
    "tests/data/test_any_scale.py",
    ("normalised by n - 1", "np.sqrt(squares / count)", "np.sqrt(squares / (count - 1))", "test_moments_equal_those_of_numbers_without_an_offset"),
    ("distance between blocks forgotten", " + gap**2 * (count * len(values) / both)", "", "test_blocks_are_merged_exactly"),
)  # fmt: skip

AUGMENT = mutants(
    "data/augment.py",
    "tests/data/test_augment.py",
    ("Box and Muller without the 2", "np.sqrt(-2 * np.log1p(", "np.sqrt(-1 * np.log1p(", "test_noise_is_normal"),
    ("half a turn", "2 * np.pi * u[:, half:]", "np.pi * u[:, half:]", "test_noise_is_normal"),
    ("noise of twice the size", "x + 0.1 * _normal", "x + 0.2 * _normal", "test_noise_is_normal"),
    ("scaled by up to a fifth", "0.9 + 0.2 * _on", "0.8 + 0.4 * _on", "test_scale_is_one_factor_for_a_feature"),
)  # fmt: skip

RESULTS = (
    *CLASSIFY, *TALLY, *NEAR, *REGRESS, *AHEAD, *FORECAST, *AUTOENCODE, *PROTOCOL, *LINEAR, *ROCKET, *WILSON, *STATS, *PREPARE,
    *AUGMENT,
)  # fmt: skip
