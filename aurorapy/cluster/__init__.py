"""The control plane: which instances and nodes exist, who is writer, failover, endpoints.

The top floor, without rooms yet: one server on one volume needs none of it.
"""
