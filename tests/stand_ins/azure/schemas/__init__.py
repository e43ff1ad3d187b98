"""The bodies that the services take, by service. Names of records are those of Microsoft's descriptions of the APIs."""
