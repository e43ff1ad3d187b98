# A cluster whose machines Terraform knows. In a real configuration the addresses are attributes of the resources
# that made the machines (azurerm_linux_virtual_machine.head.private_ip_address, …), so that Terraform waits for them.

module "observability" {
  source = "../../modules/observability"

  enable_observability = var.enable_observability

  inventory = {
    controllers = { head = { address = "10.0.0.4" } }
    login       = { login1 = { address = "10.0.0.5" } }
    compute = {
      node1 = { address = "10.0.0.11" }
      node2 = { address = "10.0.0.12" }
    }
    user             = "azureuser"
    private_key_file = pathexpand("~/.ssh/id_ed25519")
    vars             = { ansible_become = "true", ansible_ssh_common_args = "-o StrictHostKeyChecking=accept-new" }
  }

  extra_vars = {
    grafana_admin_password    = var.grafana_admin_password
    prometheus_retention_time = "30d"
  }
}

variable "enable_observability" {
  description = "Put the cluster under observation."
  type        = bool
  default     = false
}

variable "grafana_admin_password" {
  description = "Password of Grafana's administrator."
  type        = string
  sensitive   = true
}

output "observability_logs" {
  description = "Where the logs of the playbook are."
  value       = module.observability.log_dir
}
