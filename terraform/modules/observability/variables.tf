variable "enable_observability" {
  description = "Whether the cluster is put under observation. With false nothing runs, and nothing that was installed is removed."
  type        = bool
  default     = false
  nullable    = false
}

variable "inventory" {
  description = <<-EOT
    The machines of the cluster, by host name. `controllers` run slurmctld; the first one carries Prometheus and
    Alertmanager. `address` is what Ansible connects to (default: the name). `vars` are Ansible variables of one host, or
    of all. Give this or `inventory_path`.
  EOT
  type = object({
    controllers      = map(object({ address = optional(string), vars = optional(map(string), {}) }))
    compute          = optional(map(object({ address = optional(string), vars = optional(map(string), {}) })), {})
    login            = optional(map(object({ address = optional(string), vars = optional(map(string), {}) })), {})
    user             = optional(string)
    private_key_file = optional(string)
    vars             = optional(map(string), {})
  })
  default = null

  validation {
    condition     = var.inventory == null || length(try(var.inventory.controllers, {})) > 0
    error_message = "The inventory has no controller: name at least one machine that runs slurmctld in inventory.controllers."
  }
}

variable "inventory_path" {
  description = "An Ansible inventory that already exists: a file, a folder or a source of the slurm.observability.slurm plugin. Give this or `inventory`."
  type        = string
  default     = null
}

variable "extra_vars" {
  description = "Variables of the roles. They reach Ansible in a file that only its owner can read and that is removed after the run, never on a command line."
  type        = any
  default     = {}
  sensitive   = true
  nullable    = false
}

variable "collection_path" {
  description = "The folder of the collection slurm.observability: a clone, or where ansible-galaxy installed it. Default: the collection this module is part of."
  type        = string
  default     = null
}

variable "ansible_playbook" {
  description = "The ansible-playbook to run: a name on PATH, or a path."
  type        = string
  default     = "ansible-playbook"
  nullable    = false
}

variable "log_dir" {
  description = "Where the log of every run is kept. It is made if it is missing. Default: `observability-logs` in the folder Terraform runs in."
  type        = string
  default     = "observability-logs"
  nullable    = false
}

variable "connection_timeout" {
  description = "How many seconds machines that Terraform has just made may take until they answer. 0 does not wait."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition     = var.connection_timeout >= 0 && floor(var.connection_timeout) == var.connection_timeout
    error_message = "connection_timeout is a whole number of seconds, 0 or more."
  }
}
