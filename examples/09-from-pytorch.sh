# 09: a network that PyTorch has trained, by NIR: what the import says of each part, and what the network takes of the chip.
#
#     $ sh examples/09-from-pytorch.sh
#     1       LIF     approximate  v_th 346, threshold exact; decays off by 9.8e-5 a step; biases off by 2e-3 %; what decays is rounded, by up to 0.05 % of the threshold; 2 compartments a neuron
#     Spikes take a step from layer to layer: a sample takes 1 step more.
#     139 neurons, 277 compartments on 3 cores; an image of 415460 bytes

set -eu
loihi import examples/mnist_fc128.nir --as snntorch --input values --steps 12 --out mnist.toml
loihi place mnist.toml
