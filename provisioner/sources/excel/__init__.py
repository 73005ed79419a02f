"""Excel workbooks (``.xlsx``).

``archive`` checks the package · ``cells`` reads values · ``source`` reads the records · ``writer`` writes records
back.
"""
