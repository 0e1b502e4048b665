"""Every REST resource under /api/v1/, one line each."""

from rest_framework.routers import DefaultRouter

router = DefaultRouter()
router.include_root_view = False

urlpatterns = router.urls
