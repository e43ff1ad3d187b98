"""A stand-in for NVIDIA's DCGM and dcgm-exporter, for machines without a GPU. It is not NVIDIA's, and measures nothing.

Programs and packages have NVIDIA's names, so that the role dcgm_exporter installs and runs them as on a real node
(lab/nvidia.py packs them). The metrics have the form of dcgm-exporter 4.5.3-4.8.2. What a GPU does is made up: it is
busy while the map of the hooks has a job on it (work.py). `dcgmi test --inject` and a file (state.py) make it do
otherwise.
"""
