# A cluster whose nodes come and go: Slurm itself is the inventory, read by the collection's plugin. Terraform runs the
# playbook once for the machines that exist now; nodes that boot later come from an image (docs/install.md).

module "observability" {
  source = "../../modules/observability"

  enable_observability = true
  inventory_path       = "${path.root}/../../../inventories/slurm"

  extra_vars = {
    prometheus_retention_time = "30d"
  }
}
