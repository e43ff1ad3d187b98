terraform {
  # 1.4 brought terraform_data, the one resource this module uses. It is built into Terraform: init needs no network.
  required_version = ">= 1.4.0"
}
