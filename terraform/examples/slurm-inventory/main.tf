# A cluster whose nodes come and go: Slurm itself is the inventory, read by the collection's plugin. Terraform runs the
# playbook once for the machines that exist now; nodes that boot later come from an image (docs/install.md).

module "observability" {
  source = "../../modules/observability"

  enable_observability = true
  inventory_path       = "${path.root}/../../../inventories/slurm"

  extra_vars = {
    grafana_admin_password    = var.grafana_admin_password
    prometheus_retention_time = "30d"
  }
}

variable "grafana_admin_password" {
  description = "Password of Grafana's administrator."
  type        = string
  sensitive   = true
}
