#!/bin/bash
#SBATCH --job-name=pretrain
#SBATCH --nodes=2
#SBATCH --output=2025-09-08-%j.out
srun python train.py
