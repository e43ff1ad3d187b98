locals {
  collection_path = abspath(coalesce(var.collection_path, "${path.module}/../../.."))

  # What the playbook is made of: a new version of the collection is applied like a changed input.
  collection_files = [
    for name in fileset(local.collection_path, "{playbooks,plugins,roles}/**") : name
    if !strcontains(name, "__pycache__")
  ]
  collection_hash = sha256(join("", [
    for name in local.collection_files : "${name} ${filesha256("${local.collection_path}/${name}")}"
  ]))

  groups = var.inventory == null ? {} : {
    slurm_controller = var.inventory.controllers
    slurm_compute    = var.inventory.compute
    slurm_login      = var.inventory.login
  }
  inventory = var.inventory == null ? null : {
    all = {
      vars = merge(
        { for name, value in {
          ansible_user                 = var.inventory.user
          ansible_ssh_private_key_file = var.inventory.private_key_file
        } : name => value if value != null },
        var.inventory.vars,
      )
      children = {
        slurm_cluster = {
          children = {
            for group, machines in local.groups : group => {
              hosts = {
                for name, machine in machines : name => merge(
                  { ansible_host = coalesce(machine.address, name) }, machine.vars
                )
              }
            }
          }
        }
      }
    }
  }

  # The file's content counts too, where it is one file and is there when Terraform plans.
  inventory_hash = (
    var.inventory_path == null
    ? sha256(jsonencode(local.inventory))
    : sha256("${var.inventory_path} ${try(filesha256(var.inventory_path), "")}")
  )
}

resource "terraform_data" "observability" {
  count = var.enable_observability ? 1 : 0

  triggers_replace = {
    collection = local.collection_hash
    inventory  = local.inventory_hash
    # Only the hash may be seen and stored: the values can be secrets.
    extra_vars = nonsensitive(sha256(jsonencode(var.extra_vars)))
  }

  lifecycle {
    precondition {
      condition     = (var.inventory == null) != (var.inventory_path == null)
      error_message = "Give either inventory or inventory_path: the module has to know which machines to observe, from one place."
    }
    precondition {
      condition     = fileexists("${local.collection_path}/playbooks/site.yml")
      error_message = "There is no collection in ${local.collection_path}: set collection_path to a clone of slurm.observability or to its installed folder."
    }
  }

  provisioner "local-exec" {
    command     = "${abspath(path.module)}/run-playbook"
    interpreter = ["/bin/bash"]
    environment = {
      ANSIBLE_PLAYBOOK   = var.ansible_playbook
      COLLECTION_PATH    = local.collection_path
      CONNECTION_TIMEOUT = var.connection_timeout
      LOG_DIR            = abspath(var.log_dir)
      INVENTORY_PATH     = var.inventory_path == null ? "" : abspath(var.inventory_path)
      # Packed, because one environment string holds 128 KiB at most: plain, that is some 2,000 machines.
      INVENTORY = base64gzip(jsonencode(local.inventory))
      # A sensitive value here would hide the whole output of the playbook. Terraform neither prints nor stores the
      # environment of a provisioner.
      EXTRA_VARS = nonsensitive(base64gzip(jsonencode(merge(var.extra_vars, { enable_observability = true }))))
    }
  }
}
