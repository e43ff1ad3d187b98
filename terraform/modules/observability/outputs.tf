output "enabled" {
  description = "Whether the cluster is under observation."
  value       = var.enable_observability
}

output "log_dir" {
  description = "Where the logs of the runs are."
  value       = var.enable_observability ? abspath(var.log_dir) : null
}
