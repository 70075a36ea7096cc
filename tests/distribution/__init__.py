"""Three machines on one: a head and two Celery workers in network namespaces, a night, a worker cut off."""
