"""Procedures at the desk (流程), the tasks of departments (部门任务), and who answers for complaints (投诉责任)."""
