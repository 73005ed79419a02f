"""Close or delete the conversations of a job: ``worker_pool`` the workers, ``scope`` what is to be closed."""
