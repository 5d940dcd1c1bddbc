# role: optimizer
# verdict: right
# object: AdaGradOptimizer
# about: updates a layer object in place by the names of its attributes, the sums of squares live in the layer

import numpy as np


class AdaGradOptimizer:
    def __init__(self, learning_rate=0.05, epsilon=1e-7):
        self.learning_rate = learning_rate
        self.epsilon = epsilon

    def update_params(self, layer):
        if not hasattr(layer, "weight_sums"):
            layer.weight_sums = np.zeros_like(layer.weights)
            layer.bias_sums = np.zeros_like(layer.biases)
        layer.weight_sums += layer.dweights ** 2
        layer.bias_sums += layer.dbiases ** 2
        layer.weights += -self.learning_rate * layer.dweights / (np.sqrt(layer.weight_sums) + self.epsilon)
        layer.biases += -self.learning_rate * layer.dbiases / (np.sqrt(layer.bias_sums) + self.epsilon)
