#!/bin/bash
#SBATCH --job-name=test_job
#SBATCH --output=output_%j.out
#SBATCH --ntasks=1
echo "Hello World"
